# shellcheck shell=bash
# Every file of this folder; ends in the project's folder.

for part in common packages cluster cluster_place processes bouncer build servers; do
    # shellcheck source=/dev/null
    . "$(dirname "${BASH_SOURCE[0]}")/$part.sh"
done
unset part
cd "$MEHVAR_ROOT" || exit
