//! CORS preflights: whether a page of another origin may make a request.

use http::StatusCode;
use thoth_manta::{Info, Manta, Path, Result};

use super::{Core, method_not_allowed};
use crate::headers;
use crate::reply::Reply;
use crate::request::Request;
use crate::target::Target;

const METHODS: &str = "access-control-allow-methods";
const HEADERS: &str = "access-control-allow-headers";
const MAX_AGE: &str = "access-control-max-age";

/// Answers `OPTIONS`. What may be asked across origins is no secret: the
/// answer needs no credentials.
pub(super) fn answer(
    core: &Core,
    request: &Request,
    target: &Target,
) -> Result<Reply> {
    let (Target::Tree(path) | Target::Account(path)) = target else {
        return Err(method_not_allowed(request));
    };
    let mut reply = Reply::new(StatusCode::OK);
    reply.set("content-type", "application/json");
    reply.set("content-length", "0");
    let asked = request
        .header("origin")
        .zip(request.header("access-control-request-method"));
    if let Some((origin, method)) = asked {
        let wanted = request.header("access-control-request-headers");
        allow(core, path, (origin, method, wanted), &mut reply)?;
    }
    Ok(reply)
}

/// Says what is allowed, if all that was asked for is.
fn allow(
    core: &Core,
    path: &Path,
    (origin, method, wanted): (&str, &str, Option<&str>),
    reply: &mut Reply,
) -> Result<()> {
    let judge = match (method, path.parent()) {
        ("PUT", Some(parent)) => parent,
        _ => path.clone(),
    };
    let kept = match core.store.info(&judge) {
        Ok(Info::Object(object)) => object.metadata.headers,
        Ok(Info::Directory(directory)) => directory.headers,
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) => return Err(error),
    };
    let list = |name: &str| kept.get(name).map(String::as_str);
    let headers_fit = wanted.is_none_or(|wanted| {
        wanted.split(',').map(str::trim).filter(|w| !w.is_empty()).all(|w| {
            list(HEADERS).is_some_and(|allowed| headers::lists(allowed, w))
        })
    });
    let method_fits =
        list(METHODS).is_some_and(|allowed| headers::lists(allowed, method));
    if !headers::admits_origin(&kept, origin) || !method_fits || !headers_fit {
        return Ok(());
    }
    reply.set(headers::ALLOW_ORIGIN, origin);
    for name in [METHODS, HEADERS, MAX_AGE] {
        if let Some(value) = list(name) {
            reply.set(name, value);
        }
    }
    Ok(())
}
