//! What a core says, in the shape that the library of dumps takes.
//!
//! Here the two halves of the project meet: the engine reads a dump and knows
//! no record, the library keeps records and reads no dump.

use crate::tables::size_text;
use thoth_dumps::{
    Completeness, CoreFacts, DumpId, Identity, IdentityParts, ModuleFacts,
    SignalFacts, identify, identify_base,
};
use thoth_postmortem::Process;
use thoth_postmortem::core::Core;
use thoth_postmortem::modules::ModuleKind;
use thoth_postmortem::process::ModuleFact;
use thoth_postmortem::stack::{Frame, StackOptions};

const AT_RANDOM: u64 = 25;
/// Notes longer than this are not digested whole; real ones have some MB for
/// thousands of threads.
const MAX_NOTES: u64 = 1 << 30;

/// Returns which dump a core is.
pub(crate) fn identity(core: &Core) -> Identity {
    identify(&identity_parts(core))
}

/// Returns which dump it would be without the random bytes of its process.
fn base_identity(core: &Core) -> Option<DumpId> {
    identify_base(&identity_parts(core))
}

fn identity_parts(core: &Core) -> IdentityParts {
    let header = &core.header;
    IdentityParts {
        class: if header.is_64 { 2 } else { 1 },
        data: if header.little { 1 } else { 2 },
        osabi: header.osabi,
        machine: header.machine,
        headers: core
            .program_headers
            .iter()
            .map(|p| {
                [
                    u64::from(p.kind),
                    u64::from(p.flags),
                    p.offset,
                    p.address,
                    p.physical,
                    p.file_size,
                    p.memory_size,
                    p.align,
                ]
            })
            .collect(),
        notes: note_bytes(core),
        at_random: random_bytes(core),
    }
}

/// The bytes of all note segments, as far as they are there.
fn note_bytes(core: &Core) -> Vec<u8> {
    let mut out = Vec::new();
    let len = core.bytes().len();
    for p in core.program_headers.iter().filter(|p| p.is_note()) {
        let there = p.file_size.min(len.saturating_sub(p.offset));
        let left = MAX_NOTES.saturating_sub(out.len() as u64);
        let Ok(n) = usize::try_from(there.min(left)) else { continue };
        let from = out.len();
        out.resize(from + n, 0);
        let got = out
            .get_mut(from..)
            .and_then(|part| core.bytes().read_at(p.offset, part).ok());
        out.truncate(from + got.unwrap_or(0));
    }
    out
}

/// The sixteen random bytes that the kernel gave to the exec.
fn random_bytes(core: &Core) -> Option<[u8; 16]> {
    let at = core.notes.aux(AT_RANDOM)?;
    let i = core.segments.partition_point(|s| s.end <= at);
    let s = core.segments.get(i).filter(|s| s.start <= at)?;
    let into = at - s.start;
    if into.checked_add(16)? > s.present {
        return None;
    }
    let mut bytes = [0; 16];
    let n = core.bytes().read_at(s.offset.checked_add(into)?, &mut bytes);
    (n.ok()? == 16).then_some(bytes)
}

/// Whether headers and notes are all there, on which the identity rests.
pub(crate) fn identity_is_whole(core: &Core) -> bool {
    let len = core.bytes().len();
    core.header.headers_end <= len
        && core
            .program_headers
            .iter()
            .filter(|p| p.is_note())
            .all(|p| p.offset.saturating_add(p.file_size) <= len)
}

/// Returns what is wrong with a core's file, one line each.
pub(crate) fn damage(core: &Core, expand_problem: Option<&str>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(problem) = expand_problem {
        lines.push(format!("expanding it stopped early: {problem}"));
    }
    let c = core.completeness();
    if !c.complete {
        let missing = c.expected_bytes.saturating_sub(c.present_bytes);
        let why = match (&c.reason, expand_problem) {
            (Some(reason), None) => format!("; {reason}"),
            _ => String::new(),
        };
        lines.push(format!(
            "the dump is cut: {} of {} are missing ({} of {} bytes are \
             here){why}",
            size_text(missing),
            size_text(c.expected_bytes),
            c.present_bytes,
            c.expected_bytes,
        ));
    }
    lines.extend(core.problems.iter().cloned());
    lines
}

/// Returns everything that a record takes from a core.
pub(crate) fn of_process(process: &Process, identity: Identity) -> CoreFacts {
    let Identity { kind, id } = identity;
    let f = process.facts();
    let modules = process.module_facts();
    let program = modules.iter().find(|m| m.kind == ModuleKind::Program);
    let unsigned = |v: Option<i32>| v.and_then(|v| u32::try_from(v).ok());
    CoreFacts {
        base_id: base_identity(&process.core),
        pid: unsigned(f.pid),
        ppid: unsigned(f.ppid),
        uid: f.uid,
        gid: f.gid,
        cmd: f.command,
        psargs: f.psargs,
        argv: argv(process),
        exe: f.exe,
        build_id: program
            .and_then(|m| m.build_id.as_ref())
            .map(ToString::to_string),
        signal: f.signal.map(|s| SignalFacts {
            number: s.number,
            name: Some(s.name),
            code: s.code,
            code_name: s.code_name.map(str::to_owned),
            fault_address: s.address.map(|a| a.0),
        }),
        arch: Some(f.arch),
        threads: Some(f.threads as u64),
        stack: stack(process),
        modules: modules.iter().filter_map(module).collect(),
        completeness: Completeness {
            truncated: !f.completeness.complete,
            expected_bytes: Some(f.completeness.expected_bytes),
            present_bytes: Some(f.completeness.present_bytes),
        },
        ..CoreFacts::new(kind, id)
    }
}

fn argv(process: &Process) -> Option<Vec<String>> {
    let found = process.arguments().ok()?;
    Some(found.argv.shown().map(str::to_owned).collect())
}

fn module(m: &ModuleFact) -> Option<ModuleFacts> {
    let path = match (&m.path, m.kind) {
        (Some(path), _) => path.clone(),
        (None, ModuleKind::Vdso) => "[vdso]".to_owned(),
        (None, _) => return None,
    };
    Some(ModuleFacts {
        path,
        base: m.start.0,
        build_id: m.build_id.as_ref().map(ToString::to_string),
        package: m
            .package
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok()),
    })
}

/// Frames of the thread that crashed, as specifications match them. Without
/// lines: what debug files are at hand must not decide what a record says.
fn stack(process: &Process) -> Vec<String> {
    let options = StackOptions { lines: false, limit: 2000, first_only: true };
    let stacks = process.stacks(&options);
    let first = stacks.into_iter().next();
    first.map_or(Vec::new(), |s| s.frames.iter().map(frame).collect())
}

/// Returns a frame as ``module`function+0x15``.
pub(crate) fn frame(f: &Frame) -> String {
    let module = f.module.as_deref().map(basename);
    let place = match (&f.function, f.offset, f.module_offset) {
        (Some(name), Some(offset), _) => format!("{name}+{offset}"),
        (Some(name), None, _) => name.to_string(),
        (None, _, Some(offset)) if module.is_some() => format!("{offset}"),
        (None, _, _) => return f.pc.to_string(),
    };
    match module {
        Some(module) => format!("{module}`{place}"),
        None => place,
    }
}

/// Returns the last component of a path.
pub(crate) fn basename(path: &str) -> &str {
    path.rsplit('/').next().filter(|n| !n.is_empty()).unwrap_or(path)
}
