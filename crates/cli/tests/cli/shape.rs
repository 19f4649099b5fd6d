//! The JSON that others rely on: every member named in the interface, of the
//! type it says.

use crate::support::{Home, PLAIN, case, core, synthetic};
use serde_json::Value;

fn text_or_null(v: &Value) -> bool {
    v.is_string() || v.is_null()
}

fn check_frame(f: &Value) {
    let address = f["pc"].as_str().expect("pc is text");
    assert!(address.starts_with("0x") && address.len() == 18, "{address}");
    for member in ["function", "offset", "module", "build_id", "file"] {
        assert!(f.get(member).is_some(), "{member} is missing: {f}");
        assert!(text_or_null(&f[member]), "{member}: {f}");
    }
    assert!(f.get("line").is_some_and(|l| l.is_u64() || l.is_null()), "{f}");
    assert!(f["inline"].is_boolean() && f["signal"].is_boolean(), "{f}");
    let trusts = [
        "context",
        "cfi",
        "signal",
        "jump",
        "prologue",
        "frame-pointer",
        "scan",
    ];
    assert!(trusts.contains(&f["trust"].as_str().expect("trust")), "{f}");
}

fn check_stack(answer: &Value) {
    assert_eq!(answer["dump"].as_str().map(str::len), Some(32));
    for t in answer["threads"].as_array().expect("threads") {
        assert!(t["tid"].is_i64(), "{t}");
        assert!(t["crashed"].is_boolean(), "{t}");
        assert!(t.get("name").is_some_and(text_or_null), "{t}");
        assert!(t.get("syscall").is_some(), "{t}");
        assert!(t["end"].is_string(), "{t}");
        t["frames"].as_array().expect("frames").iter().for_each(check_frame);
    }
    for v in answer["verdicts"].as_array().expect("verdicts") {
        assert!(v["kind"].is_string() && v["text"].is_string(), "{v}");
    }
}

#[test]
fn stacks_have_the_agreed_shape() {
    let home = Home::new();
    for name in ["segv", "deadlock", "call-null", "inlined", "sigframe"] {
        check_stack(&home.json(&["stack", &core(name)]));
    }
    home.file("synthetic", &synthetic(&PLAIN));
    check_stack(&home.json(&["stack", "./synthetic"]));
}

#[test]
fn stacks_say_what_happened() {
    let home = Home::new();
    let segv = home.json(&["stack", &core("segv")]);
    let first = &segv["threads"][0];
    assert_eq!(first["crashed"], true);
    assert_eq!(first["end"], "complete");
    let functions: Vec<&str> = first["frames"]
        .as_array()
        .expect("frames")
        .iter()
        .filter_map(|f| f["function"].as_str())
        .take(4)
        .collect();
    assert_eq!(functions, ["leaf", "middle", "outer", "main"]);
    assert!(first["frames"][0]["line"].is_u64());
    let no_lines = home.json(&["stack", "--no-lines", &core("segv")]);
    assert!(no_lines["threads"][0]["frames"][0]["line"].is_null());

    let locked = home.json(&["stack", &core("deadlock")]);
    assert_eq!(locked["verdicts"][0]["kind"], "deadlock");
    let null = home.json(&["stack", &core("call-null")]);
    assert_eq!(null["threads"][0]["frames"][1]["trust"], "jump");
}

#[test]
fn threads_can_be_chosen() {
    let home = Home::new();
    let case = case("threads200");
    let path = case.core.to_str().expect("plain");
    let all = home.json(&["stack", path]);
    let count = all["threads"].as_array().map(Vec::len);
    assert_eq!(count, Some(case.truth.threads.len() + 1));
    let crashed = home.json(&["stack", "--crashed", path]);
    assert_eq!(crashed["threads"].as_array().map(Vec::len), Some(1));
    let tid = all["threads"][5]["tid"].to_string();
    let one = home.json(&["stack", "-t", &tid, path]);
    assert_eq!(one["threads"], serde_json::json!([all["threads"][5]]));
    let short = home.json(&["stack", "-t", &tid, "-n", "2", path]);
    let frames = short["threads"][0]["frames"].as_array().map(Vec::len);
    assert!(frames < Some(8), "{frames:?}");
    let none = home.run(&["stack", "-t", "1", path]);
    assert_eq!(none.status, 1);
    assert!(none.err.contains("hint: its threads are "), "{}", none.err);
    let alive = home.run(&["stack", "--crashed", &core("gcore-threads")]);
    assert_eq!(alive.status, 1);
    assert!(alive.err.contains("living process"), "{}", alive.err);
}

#[test]
fn a_record_has_what_the_core_gives() {
    let home = Home::new();
    let case = case("segv");
    let id = home.upload(&[&case.core]).remove(0);
    let one = home.json(&["info", &id[..8]]);
    assert_eq!(one["id"], id.as_str());
    assert_eq!(one["name"].as_str(), Some(&*format!("/me/stor/thoth/{id}")));
    assert_eq!(one["type"], "core");
    assert_eq!(one["version"], "2");
    assert_eq!(one["cmd"], "prog");
    assert_eq!(one["pid"], case.truth.pid.expect("a pid"));
    assert_eq!(one["signal"], "SIGSEGV");
    assert_eq!(one["fault_address"], "0x00000000dead0010");
    assert_eq!(one["argv"], serde_json::json!(case.truth.argv));
    assert_eq!(one["arch"], "x86_64");
    assert_eq!(one["truncated"], false);
    assert_eq!(one["properties"], serde_json::json!({}));
    assert_eq!(one["time_source"], "file mtime");
    let stack = one["stack"].as_array().expect("a stack");
    let first = stack[0].as_str().expect("text");
    assert!(first.starts_with("prog`leaf+0x"), "{first}");
    let modules = one["modules"].as_array().expect("modules");
    assert!(modules.iter().any(|m| m["build_id"].is_string()));
    let many = home.json(&["info", "stack=*leaf*"]);
    assert_eq!(many, serde_json::json!([one]));
    let text = home.ok(&["info", &id]);
    assert!(text.starts_with("{\n    \"id\": "), "{text}");
}

#[test]
fn every_reading_command_speaks_json() {
    let home = Home::new();
    home.file("core.1", &synthetic(&PLAIN));
    for (command, member) in [
        ("args", "argv"),
        ("env", "env"),
        ("auxv", "auxv"),
        ("maps", "maps"),
        ("modules", "modules"),
        ("threads", "threads"),
        ("notes", "notes"),
        ("stack", "threads"),
    ] {
        let answer = home.json(&[command, "core.1"]);
        assert_eq!(answer["dump"].as_str().map(str::len), Some(32));
        let list = answer[member].as_array();
        assert!(list.is_some_and(|l| !l.is_empty()), "{command}: {answer}");
    }
    let fault = home.json(&["fault", "core.1"]);
    assert_eq!(fault["signal"]["name"], "SIGSEGV");
    assert_eq!(fault["fault"]["tid"], 4242);
    let args = home.json(&["args", "core.1"]);
    assert_eq!(args["argv"], serde_json::json!(PLAIN.argv));
    let env = home.json(&["env", "core.1"]);
    assert_eq!(env["env"], serde_json::json!(PLAIN.env));
}
