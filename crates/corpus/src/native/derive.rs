//! Cases that are another case's core, cut or compressed.

use super::tools::{find, run};
use super::{Change, MakeError, Recipe, Truth, cases, io, provide};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Writes the changed core to `to`, and returns the truth of the whole one.
pub(crate) fn make(
    out: &Path,
    recipe: &Recipe,
    to: &Path,
) -> Result<Truth, MakeError> {
    let of = recipe.of.as_deref().unwrap_or_default();
    let base = cases().iter().find(|r| r.name == of);
    let base = provide(out, base.ok_or(MakeError::Unknown)?)?;
    let whole = fs::read(&base.core).map_err(io("read", &base.core))?;
    let changed = match &recipe.change {
        Some(Change::Head(bytes)) => cut(&whole, *bytes as usize),
        Some(Change::Half) => cut(&whole, whole.len() / 2),
        Some(Change::Minus1) => cut(&whole, whole.len().saturating_sub(1)),
        Some(Change::Pack(_, tool)) => pack(tool, &base.core)?,
        Some(Change::PackCut(_, tool)) => {
            let packed = pack(tool, &base.core)?;
            cut(&packed, packed.len() * 2 / 3)
        }
        None => return Err(MakeError::Unknown),
    };
    fs::write(to, changed).map_err(io("write", to))?;
    let mut truth = base.truth;
    truth.of = recipe.of.clone();
    truth.full = Some(whole.len() as u64);
    truth.writer = "derived".to_owned();
    Ok(truth)
}

fn cut(data: &[u8], len: usize) -> Vec<u8> {
    data[..len.min(data.len())].to_vec()
}

fn pack(tool: &[String], core: &Path) -> Result<Vec<u8>, MakeError> {
    let (name, flags) = tool.split_first().ok_or(MakeError::Unknown)?;
    run(Command::new(find(name)?).args(flags).arg(core))
}
