//! Arguments and environment, whole, from the initial stack.
//!
//! NT_PRPSINFO keeps 80 bytes of the arguments. The whole of them lies where
//! exec put it, on the main thread's stack, from low to high: argc, argv[],
//! NULL, envp[], NULL, auxv, ..., the strings. The mapping is the one that
//! AT_EXECFN (or AT_RANDOM) points into; in it the auxiliary vector is found by
//! its own bytes, and the two arrays by stepping back over it.
//!
//! That is the environment *at exec*: a program may have changed it since. The
//! current one is reached through `environ`, and is given beside it when it is
//! another array.

use super::Process;
use crate::addr::text;
use crate::memory::ReadError;
use serde::Serialize;

/// Bytes of one argument or variable, at most (the kernel's MAX_ARG_STRLEN is
/// 32 pages).
const MAX_STRING: usize = 128 << 10;
/// Strings in one array, at most.
const MAX_STRINGS: usize = 1 << 20;
/// Bytes of stack searched for the auxiliary vector: arguments and environment
/// take at most a quarter of the stack limit, 6 MiB on usual systems.
const MAX_SEARCH: u64 = 64 << 20;

/// Arguments and environment of the process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Arguments {
    /// Arguments; index 0 is what the program was called as.
    pub argv: Strings,
    /// Environment at exec, `NAME=value` each.
    pub env: Strings,
    /// Environment when the process died, when it is another array.
    pub env_at_death: Option<Strings>,
}

/// An array of strings, as far as it can be read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Strings {
    /// The strings; one that cannot be read is `None`.
    pub values: Vec<Option<String>>,
    /// Why it is not whole, when it is not.
    pub problem: Option<String>,
}

impl Strings {
    /// Returns the strings, unreadable ones as `?`.
    pub fn shown(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|v| v.as_deref().unwrap_or("?"))
    }
}

impl Process {
    /// Finds argv and the environment; `Err` says why they cannot be had.
    pub fn arguments(&self) -> Result<Arguments, String> {
        let auxv = self.find_auxv()?;
        // One NULL ends envp; step back over its pointers.
        let env = self.array_before(auxv)?;
        let argv = self.array_before(env.0)?;
        let argc = argv.0.wrapping_sub(self.word_size());
        let count = self.word(argc).unwrap_or(0);
        if count != argv.1.len() as u64 {
            return Err(format!(
                "the word before argv at {argc:#x} is {count}, expected the \
                 number of arguments, {}",
                argv.1.len()
            ));
        }
        Ok(Arguments {
            argv: self.strings(&argv.1),
            env_at_death: self.env_at_death(env.0),
            env: self.strings(&env.1),
        })
    }

    fn word_size(&self) -> u64 {
        if self.core.header.is_64 { 8 } else { 4 }
    }

    fn word(&self, at: u64) -> Result<u64, ReadError> {
        let header = &self.core.header;
        let size = if header.is_64 { 8 } else { 4 };
        self.memory.read_word(at, size, header.little)
    }

    fn find_auxv(&self) -> Result<u64, String> {
        let notes = &self.core.notes;
        let pattern = &notes.auxv_raw;
        if pattern.len() < 16 {
            return Err("the core has no NT_AUXV note".to_owned());
        }
        let inside = notes
            .aux(31)
            .or_else(|| notes.aux(25))
            .ok_or("AT_EXECFN and AT_RANDOM are missing from NT_AUXV")?;
        let stack = self
            .memory
            .segment(inside)
            .ok_or_else(|| format!("{inside:#x} (AT_EXECFN) is not mapped"))?;
        // The vector lies below the strings it points to.
        let low = stack.start.max(inside.saturating_sub(MAX_SEARCH));
        let word = self.word_size();
        let mut end = inside & !(word - 1);
        while end > low {
            let start = end.saturating_sub(1 << 16).max(low);
            let len = usize::try_from(end - start).unwrap_or(0);
            let mut chunk = vec![0; len + pattern.len()];
            let n = self.memory.read_up_to(start, &mut chunk);
            let hit = (0..n.saturating_sub(pattern.len()))
                .rev()
                .filter(|i| (start + *i as u64).is_multiple_of(word))
                .find(|i| chunk[*i..].starts_with(pattern));
            if let Some(i) = hit {
                return Ok(start + i as u64);
            }
            if n == 0 {
                return Err(format!(
                    "the initial stack at {start:#x} is not in the dump"
                ));
            }
            end = start;
        }
        Err(format!("the auxiliary vector was not found below {inside:#x}"))
    }

    /// Reads the array of pointers whose final NULL lies before `end`; returns
    /// its address and pointers.
    fn array_before(&self, end: u64) -> Result<(u64, Vec<u64>), String> {
        let size = self.word_size();
        let word = |at: u64| self.word(at).map_err(|e| e.to_string());
        let null = end.wrapping_sub(size);
        if word(null)? != 0 {
            return Err(format!("expected a null word at {null:#x}"));
        }
        let mut pointers = Vec::new();
        let mut at = null;
        // Going down: pointers are followed by a null (the array before) or by
        // argc, which is no address.
        loop {
            at = at.wrapping_sub(size);
            let value = word(at)?;
            if value <= MAX_STRINGS as u64 {
                break;
            }
            pointers.push(value);
            if pointers.len() > MAX_STRINGS {
                return Err(format!("no end of the array below {null:#x}"));
            }
        }
        let start = at.wrapping_add(size);
        pointers.reverse();
        Ok((start, pointers))
    }

    fn strings(&self, pointers: &[u64]) -> Strings {
        let mut lost = 0;
        let values = pointers
            .iter()
            .map(|p| match self.memory.read_string(*p, MAX_STRING) {
                Ok(s) => Some(text(&s)),
                Err(_) => {
                    lost += 1;
                    None
                }
            })
            .collect();
        let problem =
            (lost > 0).then(|| format!("{lost} strings are not in the dump"));
        Strings { values, problem }
    }

    fn env_at_death(&self, at_exec: u64) -> Option<Strings> {
        let names = ["environ", "__environ"];
        let (slot, _) =
            names.iter().find_map(|n| self.find_symbol("libc", n))?;
        let mut at = self.word(slot).ok()?;
        if at == at_exec || at == 0 {
            return None;
        }
        let mut pointers = Vec::new();
        while pointers.len() < MAX_STRINGS {
            match self.word(at).ok()? {
                0 => break,
                p => pointers.push(p),
            }
            at = at.wrapping_add(self.word_size());
        }
        Some(self.strings(&pointers))
    }
}
