extension Settings {
    /// What the settings are, for the help of a program.
    public static var help: String {
        let lines = all.map { setting in "  \(setting.flag)\n      \(setting.description) (default: \(setting.usual))" }
        return """
            Settings: each is a flag, such as --pool-size 4; a variable of the environment, such as MEHVAR_POOL_SIZE; or a line \
            MEHVAR_POOL_SIZE=4 of the file that --config or MEHVAR_CONFIG names. Flags go before the environment, and that before \
            the file. With _FILE (or -file) behind the name the value is read from a file, for secrets. What is wrong is told all at once \
            and ends the program with 64; everything else that keeps it from working ends it with 1.

            \(lines.joined(separator: "\n"))
            """
    }
}
