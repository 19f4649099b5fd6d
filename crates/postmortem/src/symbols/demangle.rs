//! Rust and C++ names for people, with limits.

use std::fmt::{self, Write};

/// Demangled names are cut at this length, in bytes.
const MAX_OUTPUT: usize = 4096;
/// Nesting allowed in a C++ name.
const MAX_DEPTH: u32 = 192;

/// Returns the name as the programmer wrote it, or the name itself.
///
/// Output is limited: a hostile or very deep name is cut with `...` rather than
/// expanded without end. GCC's suffixes (`.cold`, `.part.0`) stay visible.
#[must_use]
pub fn demangle(name: &str) -> String {
    let (plain, suffix) = split_suffix(name);
    let mut out = Limited::default();
    if let Ok(rust) = rustc_demangle::try_demangle(plain) {
        // The alternate form leaves out the hash of legacy names.
        let _cut = write!(out, "{rust:#}");
    } else if plain.starts_with("_Z") {
        let options =
            cpp_demangle::ParseOptions::default().recursion_limit(MAX_DEPTH);
        let shown = cpp_demangle::DemangleOptions::new()
            .no_return_type()
            .recursion_limit(MAX_DEPTH);
        if let Ok(s) = cpp_demangle::Symbol::new_with_options(plain, &options) {
            let _cut = s.structured_demangle(&mut out, &shown);
        }
    }
    if out.text.is_empty() {
        return limit(name);
    }
    if out.cut {
        out.text.push_str("...");
    }
    if !suffix.is_empty() {
        out.text.push_str(&format!(" [{suffix}]"));
    }
    out.text
}

/// Cuts a name that is not mangled at the same limit.
fn limit(name: &str) -> String {
    if name.len() <= MAX_OUTPUT {
        return name.to_owned();
    }
    let mut end = MAX_OUTPUT;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", &name[..end])
}

/// Splits a compiler's suffix off a mangled name: `.cold`, `.isra.0`,
/// `.llvm.123`.
fn split_suffix(name: &str) -> (&str, &str) {
    let mangled = name.starts_with("_Z") || name.starts_with("_R");
    match name.find('.') {
        Some(at) if mangled => {
            let rest = &name[at..];
            let known = [
                ".cold",
                ".part.",
                ".isra.",
                ".constprop.",
                ".lto_priv.",
                ".llvm.",
                ".localalias",
                ".clone.",
            ];
            if known.iter().any(|k| rest.starts_with(k)) {
                (&name[..at], rest)
            } else {
                (name, "")
            }
        }
        _ => (name, ""),
    }
}

/// A writer that stops at the limit.
#[derive(Default)]
struct Limited {
    text: String,
    cut: bool,
}

impl Write for Limited {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        if self.text.len() + s.len() > MAX_OUTPUT {
            self.cut = true;
            return Err(fmt::Error);
        }
        self.text.push_str(s);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::demangle;

    #[test]
    fn names_of_each_language() {
        for (mangled, plain) in [
            ("main", "main"),
            (
                "_ZN10rust_panic4shop13Till$LT$T$GT$5total17h0123456789abcdefE",
                "rust_panic::shop::Till<T>::total",
            ),
            ("_RNvCskwGfYPst2Cb_3foo3bar", "foo::bar"),
            (
                "_ZN3app6detail6EngineIlLi3EE4spinEl",
                "app::detail::Engine<long, 3>::spin(long)",
            ),
            ("_Z3foov.cold", "foo() [.cold]"),
            ("_Znot_a_name", "_Znot_a_name"),
        ] {
            assert_eq!(demangle(mangled), plain);
        }
    }

    #[test]
    fn a_name_that_explodes_is_cut() {
        let mut name = "_Z1f".to_owned();
        name.push_str(&"St4pairI".repeat(60));
        name.push_str(&"iS_E".repeat(60));
        for n in [name, "x".repeat(100_000), "_ZN".repeat(30_000)] {
            assert!(demangle(&n).len() <= 4200);
        }
    }
}
