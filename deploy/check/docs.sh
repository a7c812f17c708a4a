# shellcheck shell=bash
# The Swift in the articles of the libraries is accepted by the compiler, against the modules that were built.

# docs_blocks FOLDER: for each article a folder there, with each of its ```swift blocks, but for package manifests, as a
# file of its own. Prints how many there are.
docs_blocks() {
    python3 -B - "$1" <<'END'
import re, sys
from pathlib import Path
count = 0
for article in sorted(Path("Sources").glob("*/*.docc/**/*.md")):
    text = article.read_text(encoding="utf-8")
    for block in re.finditer(r"^```swift\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        if "import PackageDescription" in block[1]:
            continue
        line = text.count("\n", 0, block.start()) + 2
        place = f'#sourceLocation(file: "{article}", line: {line})\n'
        folder = Path(sys.argv[1]) / f"{article.parts[1]}-{article.stem}"
        folder.mkdir(exist_ok=True)
        (folder / f"Line{line}.swift").write_text(place + block[1], encoding="utf-8")
        count += 1
if count == 0:
    sys.exit("no article has any Swift in it")
print(count)
END
}

# An article's blocks are one module, for a reader who has set nothing but the version of the language.
check_docs() {
    local folder=$SCRATCH/docs count module article failed=no includes options=(-swift-version 6 -parse-as-library)
    mkdir -p "$folder"
    count=$(docs_blocks "$folder")
    options+=(-module-name Article -module-cache-path "$MEHVAR_BIN/ModuleCache" -I "$MEHVAR_BIN/Modules")
    for module in CEpoll CLibPQ; do
        options+=(-Xcc "-fmodule-map-file=$MEHVAR_ROOT/Sources/$module/module.modulemap")
    done
    read -ra includes <<<"$(pkg-config --cflags-only-I libpq)"
    options+=("${includes[@]}")
    for article in "$folder"/*/; do
        attended swiftc -typecheck "${options[@]}" "$article"*.swift >&2 || failed=yes
    done
    [ "$failed" = no ] || fail "not all of the Swift in the articles is accepted"
    say "$count blocks of Swift in the articles"
}
