//! A large C++ program with debug information, generated.
//!
//! Sixty source files, each with class templates of its own over the standard
//! library's largest (`regex`, `map`, `function`, ...), optimised and with
//! full debug information: what a grown C++ service looks like to a debugger.
//! Its crash is a call through all the files, and eight more threads rest at
//! different depths of the same chain.

use super::subjects::crash;
use crate::Result;
use crate::command::{output, run};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const FILES: usize = 60;

pub(crate) struct Made {
    pub(crate) exe: PathBuf,
    pub(crate) core: PathBuf,
    /// Size of its debug information, in words.
    pub(crate) what: String,
}

/// Returns program and core; makes them when the generator has changed.
pub(crate) fn make(dir: &Path) -> Result<Made> {
    let (exe, core) = (dir.join("prog"), dir.join("core"));
    let recipe: String = (0..FILES).map(unit).collect::<String>() + &main();
    let stamp = dir.join("recipe");
    let same = fs::read_to_string(&stamp).is_ok_and(|old| old == recipe);
    if !same || !core.exists() {
        let _ = fs::remove_dir_all(dir);
        fs::create_dir_all(dir)
            .map_err(|e| format!("{}: {e}", dir.display()))?;
        build(dir)?;
        crash(&exe, dir)?;
        fs::write(&stamp, recipe)
            .map_err(|e| format!("{}: {e}", stamp.display()))?;
    }
    let bytes = debug_bytes(&exe)?;
    let what = format!("{FILES} files, {} MB of DWARF", bytes / 1_000_000);
    Ok(Made { exe, core, what })
}

fn build(dir: &Path) -> Result<()> {
    let put = |name: String, text: String| {
        let path = dir.join(name);
        fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))
    };
    for n in 0..FILES {
        put(format!("unit{n}.cc"), unit(n))?;
    }
    put("main.cc".to_owned(), main())?;
    let jobs = std::thread::available_parallelism().map_or(2, usize::from);
    let script = format!(
        "ls *.cc | xargs -P {jobs} -n 1 g++ -std=c++17 -g -O1 \
         -fno-optimize-sibling-calls -c && \
         g++ -o prog *.o -pthread && rm -f *.o"
    );
    run(Command::new("sh").arg("-c").arg(script).current_dir(dir))
}

/// Sums the sizes of the program's debug sections.
fn debug_bytes(exe: &Path) -> Result<u64> {
    let text = output(Command::new("size").arg("-A").arg(exe))?;
    let sizes = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let name = words.next()?;
        let size = words.next()?;
        name.starts_with(".debug_").then(|| size.parse::<u64>().ok())?
    });
    Ok(sizes.sum())
}

/// Source of one file: a class template, its use, and the step to the next.
fn unit(n: usize) -> String {
    let next = match n + 1 == FILES {
        true => {
            "static int next(int, int) { *(volatile int *)8 = 1; return 0; }"
                .to_owned()
        }
        false => format!(
            "int step{m}(int, int);\n\
             static int next(int d, int s) {{ return step{m}(d, s); }}",
            m = n + 1
        ),
    };
    let mut text = format!(
        "#include <algorithm>\n#include <deque>\n#include <functional>\n\
         #include <future>\n#include <map>\n#include <memory>\n\
         #include <regex>\n#include <set>\n#include <sstream>\n\
         #include <string>\n#include <unordered_map>\n#include <vector>\n\
         void rest();\n{next}\nnamespace unit{n} {{\n"
    );
    for (class, value) in
        [("Ledger", "long"), ("Index", "std::string"), ("Plan", "double")]
    {
        let _ = write!(text, "{}", class_template(n, class, value));
    }
    let _ = write!(
        text,
        "}}\nint step{n}(int depth, int stop) {{\n\
         unit{n}::Ledger<int> l; unit{n}::Index<long> i;\n\
         unit{n}::Plan<short> p;\n\
         if (depth == stop) rest();\n\
         std::function<int(int)> f = [&](int d) {{\n\
         return l.add(d, stop) + (d < 0 ? i.add(d, stop) + p.add(d, stop) : 0);\
         }};\n\
         return f(depth) + 1;\n}}\n"
    );
    text
}

fn class_template(n: usize, class: &str, value: &str) -> String {
    format!(
        "template <class K> class {class} {{\n\
         std::map<K, std::vector<{value}>> rows;\n\
         std::unordered_map<std::string, std::set<K>> names;\n\
         std::deque<std::shared_ptr<{class}>> parts;\n\
         public:\n\
         struct Key{n} {{ K a; {value} b; bool operator<(const Key{n} &o) const \
         {{ return a < o.a; }} }};\n\
         std::map<Key{n}, std::function<{value}(K)>> rules;\n\
         int add(int depth, int stop) {{\n\
         std::regex pattern(\"unit{n}-([a-z]+)([0-9]*)\");\n\
         std::smatch found; std::string text = \"unit{n}-abc12\";\n\
         if (std::regex_search(text, found, pattern)) \
         names[found[1]].insert(K(depth));\n\
         rows[K(depth)].push_back({value}());\n\
         rules[Key{n}{{K(depth), {value}()}}] = [](K) {{ return {value}(); }};\n\
         std::stringstream out; for (auto &r : rows) out << r.second.size();\n\
         std::sort(rows[K(depth)].begin(), rows[K(depth)].end());\n\
         int k = next(depth + 1, stop);\n\
         return k + int(out.str().size());\n\
         }}\n}};\n"
    )
}

fn main() -> String {
    "#include <chrono>\n#include <thread>\n#include <vector>\n\
     int step0(int, int);\n\
     void rest() { for (;;) std::this_thread::sleep_for(\
     std::chrono::hours(1)); }\n\
     int main() {\n\
     std::vector<std::thread> resting;\n\
     for (int n = 1; n <= 8; n++)\n\
     resting.emplace_back([n] { step0(0, n * 7); });\n\
     std::this_thread::sleep_for(std::chrono::seconds(2));\n\
     return step0(0, -1);\n}\n"
        .to_owned()
}
