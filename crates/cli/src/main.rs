//! The `thoth` executable; everything is in the library beside it.

fn main() -> std::process::ExitCode {
    thoth_cli::main()
}
