//! Several changes of names in one transaction.
//!
//! They are made one after another, so each is judged by what those before it
//! left; where one is refused the committer undoes those before it.

use thoth_manta::{Code, Condition, Error, ObjectInfo, Path, Result};

use super::entry::{Entry, find};
use super::names::{self, Attached, Writing};
use super::now_ms;
use crate::meta::{NameChange, NameVersion};

/// Makes the changes and returns what was named.
pub(super) fn change(
    w: Writing<'_>,
    changes: &[NameChange],
) -> Result<Vec<ObjectInfo>> {
    let mut named = Vec::new();
    for change in changes {
        match change {
            NameChange::Put(put) => named.push(names::put(w, put)?),
            NameChange::Name(name) => named.push(name_again(w, name)?),
            NameChange::Delete { path, condition } => {
                names::delete(w, path, condition)?;
            }
        }
    }
    Ok(named)
}

/// Names a version once more.
fn name_again(w: Writing<'_>, name: &NameVersion) -> Result<ObjectInfo> {
    let mut from = find_source(w, &name.source)?;
    let Some(version) = from.version else {
        return Err(Error::new(
            Code::LinkNotObject,
            format!("{} is not an object", name.source),
        ));
    };
    let same = Condition::unchanged(name.etag.clone());
    names::require(&same, &name.source, Some(&from))?;
    let place = names::judge_put(w.sql, w.ways, &name.path, &name.condition)?;
    names::add_name(w.sql, &version)?;
    let attached = Attached {
        metadata: &name.metadata,
        durability: name.durability,
        mtime: now_ms(),
    };
    names::name_object(w.sql, &place, &name.path, &version, &attached)?;
    names::log_change(w.sql, &name.path, Some(version.id))?;
    from.metadata = name.metadata.clone();
    from.durability = name.durability;
    from.set_mtime(attached.mtime);
    from.object_info(name.path.clone())
        .ok_or_else(|| Error::not_found(&name.path))
}

fn find_source(w: Writing<'_>, source: &Path) -> Result<Entry> {
    find(w.sql, w.ways, source)?.ok_or_else(|| {
        Error::new(
            Code::SourceObjectNotFound,
            format!("{source} was not found"),
        )
    })
}
