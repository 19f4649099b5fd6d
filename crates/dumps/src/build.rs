//! Building a record from the facts of a dump.

use serde_json::{Map, Value, json};

use crate::facts::{CoreFacts, ModuleFacts, SignalFacts, TimeFact};
use crate::record::{Record, VERSION, number};

/// Frames kept in the record.
const MAX_FRAMES: usize = 1000;
/// Arguments kept.
const MAX_ARGS: usize = 1000;
/// Modules kept.
const MAX_MODULES: usize = 2000;
/// Bytes kept of one text.
const MAX_TEXT: usize = 4096;
/// Bytes kept of all arguments, or of all frames, together.
const MAX_LIST: usize = 256 * 1024;

/// What the store and the upload add to the facts of a dump.
pub(crate) struct Stored<'a> {
    /// `ROOT/H`.
    pub(crate) name: &'a str,
    /// The path of the dump's bytes.
    pub(crate) dump: &'a str,
    pub(crate) size_bytes: u64,
    pub(crate) stored_bytes: Option<u64>,
    pub(crate) digest: Option<String>,
    pub(crate) uploaded: f64,
    pub(crate) uploader: Option<&'a str>,
    /// The crash's time where the dump itself has none.
    pub(crate) time: Option<&'a TimeFact>,
    pub(crate) ticket: Option<&'a str>,
    pub(crate) properties: &'a Map<String, Value>,
}

/// Builds a version 2 record.
pub(crate) fn build(facts: &CoreFacts, stored: &Stored<'_>) -> Record {
    let mut out = Members(Map::new());
    out.set("id", facts.id.to_string());
    out.set_some("base_id", facts.base_id.map(|id| id.to_string()));
    out.set("name", stored.name);
    out.set("dump", stored.dump);
    out.set("type", facts.kind.as_str());
    out.set("version", VERSION);
    if let Some(time) = facts.time.as_ref().or(stored.time) {
        out.set_some("time", number(time.seconds));
        out.set("time_source", time.source.as_str());
    }
    out.set_some("uploaded", number(stored.uploaded));
    out.set_some("uploader", stored.uploader);
    out.set_some("ticket", stored.ticket);
    process(&mut out, facts);
    out.set("size", stored.size_bytes);
    out.set_some("stored_size", stored.stored_bytes);
    out.set_some("digest", stored.digest.as_deref());
    out.set("truncated", facts.completeness.truncated);
    out.set_some("expected_bytes", facts.completeness.expected_bytes);
    out.set_some("present_bytes", facts.completeness.present_bytes);
    out.set("properties", Value::Object(stored.properties.clone()));
    Record::from_members(out.0)
}

fn process(out: &mut Members, facts: &CoreFacts) {
    out.set_some("cmd", facts.cmd.as_deref().map(clip));
    out.set_some("psargs", facts.psargs.as_deref().map(clip));
    if let Some(argv) = &facts.argv {
        out.set_list("argv", argv, MAX_ARGS);
    }
    out.set_some("exe", facts.exe.as_deref().map(clip));
    out.set_some("build_id", facts.build_id.as_deref());
    out.set_some("pid", facts.pid);
    out.set_some("ppid", facts.ppid);
    out.set_some("uid", facts.uid);
    out.set_some("gid", facts.gid);
    if let Some(signal) = &facts.signal {
        set_signal(out, signal);
    }
    out.set_some("arch", facts.arch.as_deref());
    out.set_some("platform", facts.platform.as_deref().map(clip));
    out.set_some("node", facts.node.as_deref().map(clip));
    out.set_some("threads", facts.threads);
    out.set_list("stack", &facts.stack, MAX_FRAMES);
    let modules: Vec<Value> =
        facts.modules.iter().take(MAX_MODULES).map(module).collect();
    let omitted = facts.modules.len() - modules.len();
    out.set("modules", Value::Array(modules));
    out.set_omitted("modules", omitted);
}

fn set_signal(out: &mut Members, signal: &SignalFacts) {
    let name = signal.name.clone();
    out.set("signal", name.unwrap_or_else(|| format!("SIG{}", signal.number)));
    out.set("signo", signal.number);
    let code = match (&signal.code_name, signal.code) {
        (Some(name), _) => Some(Value::from(name.as_str())),
        (None, Some(code)) => Some(Value::from(code)),
        (None, None) => None,
    };
    out.set_some("sigcode", code);
    out.set_some("fault_address", signal.fault_address.map(address));
}

fn module(module: &ModuleFacts) -> Value {
    let mut out = Members(Map::new());
    out.set("path", clip(&module.path));
    out.set("base", address(module.base));
    out.set_some("build_id", module.build_id.as_deref());
    // A package note comes out of the dump: only a small one is believed.
    let small = |package: &&Value| package.to_string().len() <= MAX_TEXT;
    out.set_some(
        "package",
        module.package.clone().as_ref().filter(small).cloned(),
    );
    Value::Object(out.0)
}

fn address(address: u64) -> String {
    format!("0x{address:016x}")
}

/// Cuts a text at the limit, on a character's boundary, with a mark.
fn clip(text: &str) -> String {
    if text.len() <= MAX_TEXT {
        return text.to_owned();
    }
    let mut end = MAX_TEXT;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", text.get(..end).unwrap_or_default())
}

struct Members(Map<String, Value>);

impl Members {
    fn set(&mut self, member: &str, value: impl Into<Value>) {
        self.0.insert(member.to_owned(), value.into());
    }

    fn set_some(&mut self, member: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.set(member, value);
        }
    }

    /// Sets a list of texts, and how many were left out if any were.
    fn set_list(&mut self, member: &str, texts: &[String], limit: usize) {
        let mut list = Vec::new();
        let mut bytes = 0;
        for text in texts.iter().take(limit) {
            let text = clip(text);
            bytes += text.len();
            if bytes > MAX_LIST {
                break;
            }
            list.push(Value::String(text));
        }
        let omitted = texts.len() - list.len();
        self.set(member, Value::Array(list));
        self.set_omitted(member, omitted);
    }

    fn set_omitted(&mut self, member: &str, omitted: usize) {
        if omitted > 0 {
            self.set(&format!("{member}_omitted"), json!(omitted));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DumpId, DumpKind, prop::MEMBERS, record::MAX_RECORD_BYTES};

    fn stored(properties: &Map<String, Value>) -> Stored<'_> {
        Stored {
            name: "/me/stor/thoth/x",
            dump: "/me/stor/thoth/x/core",
            size_bytes: 10,
            stored_bytes: Some(8),
            digest: Some("d".to_owned()),
            uploaded: 1.5,
            uploader: Some("me"),
            time: None,
            ticket: Some("T-1"),
            properties,
        }
    }

    #[test]
    fn a_full_record_has_only_known_members() {
        let mut facts = CoreFacts::new(DumpKind::Core, DumpId([1; 16]));
        let text = || Some("a\"b\n\u{1}".to_owned());
        facts.base_id = Some(DumpId([2; 16]));
        facts.cmd = text();
        facts.psargs = text();
        facts.argv = Some(vec!["x".repeat(9000); 2000]);
        facts.exe = text();
        facts.build_id = text();
        (facts.pid, facts.ppid) = (Some(1), Some(2));
        (facts.uid, facts.gid) = (Some(3), Some(4));
        facts.signal = Some(SignalFacts {
            number: 11,
            name: Some("SIGSEGV".to_owned()),
            code: Some(1),
            code_name: None,
            fault_address: Some(0),
        });
        facts.arch = text();
        facts.threads = Some(7);
        facts.stack = vec!["a`b+0x1".to_owned(); 100_000];
        facts.modules = vec![
            ModuleFacts {
                package: Some(json!({"name": "n"})),
                ..ModuleFacts::default()
            };
            3000
        ];
        facts.completeness.expected_bytes = Some(20);
        facts.completeness.present_bytes = Some(10);
        facts.time = Some(TimeFact { seconds: 5.0, source: "s".to_owned() });
        facts.platform = text();
        facts.node = text();
        let record = build(&facts, &stored(&Map::new()));
        let bytes = record.to_bytes();
        assert!(bytes.len() < MAX_RECORD_BYTES, "{}", bytes.len());
        let again = Record::parse(&bytes).expect("valid");
        assert_eq!(again, record);
        let members = again.members();
        for member in members.keys() {
            assert!(MEMBERS.contains(&member.as_str()), "{member}");
        }
        // What only comes to a record later.
        let later = [
            "attachments",
            "history",
            "history_spilled",
            "purged",
            "purged_by",
            "purged_reason",
            "purged_bytes",
            "superseded_by",
        ];
        for member in MEMBERS.iter().filter(|m| !later.contains(m)) {
            assert!(members.contains_key(*member), "{member}");
        }
        assert_eq!(members["cmd"], json!("a\"b\n\u{1}"));
        assert_eq!(members["signo"], json!(11));
        assert_eq!(members["fault_address"], json!("0x0000000000000000"));
        assert_eq!(members["stack_omitted"], json!(99_000));
        assert_eq!(members["modules"][0]["package"], json!({"name": "n"}));
    }

    #[test]
    fn unknown_is_absent() {
        let facts = CoreFacts::new(DumpKind::Crash, DumpId([1; 16]));
        let none = Map::new();
        let record = build(
            &facts,
            &Stored { ticket: None, uploader: None, ..stored(&none) },
        );
        for member in ["pid", "cmd", "time", "ticket", "signal", "argv"] {
            assert!(!record.members().contains_key(member), "{member}");
        }
        assert_eq!(record.kind(), Some("crash"));
    }
}
