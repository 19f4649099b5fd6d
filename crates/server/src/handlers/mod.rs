//! What the service does about each request.
//!
//! A handler runs on a thread that may block, from the first look at the
//! credentials to the answer. The order is the same everywhere: who asks;
//! what is there; whether they may; whether the headers make sense; whether
//! the store would take it; only then the body.

mod access;
mod directories;
mod links;
mod metadata;
mod objects;
mod others;
mod preflight;
mod uploads;

use std::sync::Arc;

use http::{Method, StatusCode};
use thoth_manta::{Area, Code, Error, Path, Result, Timestamp};
use thoth_store::Embedded;

use crate::auth::{Action, Auth, Principal};
use crate::body::Upload;
use crate::headers::is_json_of;
use crate::limits::Rates;
use crate::reply::Reply;
use crate::request::{Query, Request};
use crate::settings::Settings;
use crate::target::{INTERNAL_ACCOUNT, Target};

/// What all requests share.
pub(crate) struct Core {
    pub(crate) store: Arc<Embedded>,
    pub(crate) auth: Auth,
    pub(crate) settings: Settings,
    pub(crate) rates: Rates,
}

/// What is known of a request afterwards, for log and audit.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    pub(crate) login: Option<String>,
    pub(crate) subuser: Option<String>,
    pub(crate) action: Option<Action>,
    pub(crate) path: Option<Path>,
}

/// A request being handled.
pub(crate) struct Call<'a> {
    core: &'a Core,
    request: &'a Request,
    query: Query,
    body: &'a mut Upload,
    who: Principal,
    trail: &'a mut Trail,
}

/// Answers a request.
pub(crate) fn handle(
    core: &Core,
    request: &Request,
    body: &mut Upload,
    trail: &mut Trail,
) -> Reply {
    match answer(core, request, body, trail) {
        Ok(reply) => reply,
        Err(error) => {
            if error.code() == Code::InternalError {
                log_trouble(request, &error);
            }
            Reply::error(&error)
        }
    }
}

fn log_trouble(request: &Request, error: &Error) {
    let mut causes = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    tracing::error!(
        id = request.id,
        error = error.message(),
        causes = causes.join("; "),
        "a request failed"
    );
}

fn answer(
    core: &Core,
    request: &Request,
    body: &mut Upload,
    trail: &mut Trail,
) -> Result<Reply> {
    request.check_head()?;
    let target = Target::parse(&request.raw_path)?;
    if let Some(reply) = others::without_account(&target, request)? {
        return Ok(reply);
    }
    if request.method == Method::OPTIONS {
        return preflight::answer(core, request, &target);
    }
    let facts = request.facts();
    let who = core.auth.authenticate(&facts, Timestamp::now())?;
    if !who.is_anonymous {
        trail.login = Some(who.login.clone());
        trail.subuser.clone_from(&who.subuser);
    }
    core.rates.take(&who, request.client.ip())?;
    if let Some(path) = target.path() {
        trail.path = Some(path.clone());
        core.auth.admit(&who, path, &facts)?;
    }
    let query = Query::parse(request.raw_query.as_deref());
    let mut call = Call { core, request, query, body, who, trail };
    match target {
        Target::Account(path) => call.account(&path),
        Target::Tokens(path) => call.create_token(&path),
        Target::Attach { account, id, kind } => {
            call.attach(&account, &id, &kind)
        }
        Target::Tree(path) => call.tree(&path),
        Target::Documentation
        | Target::Ping
        | Target::Metrics
        | Target::CrossDomain => Err(method_not_allowed(request)),
    }
}

impl Call<'_> {
    fn tree(&mut self, path: &Path) -> Result<Reply> {
        match path.area() {
            Some(Area::Uploads) => return self.upload(path),
            Some(Area::Jobs) => {
                if let Some(answer) = self.job(path) {
                    return answer;
                }
            }
            _ => {}
        }
        match *self.request.method() {
            Method::GET | Method::HEAD => self.read(path),
            Method::PUT => self.put(path),
            Method::DELETE => self.delete(path),
            _ => Err(method_not_allowed(self.request)),
        }
    }

    fn put(&mut self, path: &Path) -> Result<Reply> {
        self.refuse_reports(path)?;
        let content_type = self.request.header("content-type");
        let is = |kind| is_json_of(content_type, kind);
        if is("directory") {
            return self.put_directory(path);
        }
        if self.query.is_true("metadata") {
            return self.put_metadata(path);
        }
        if is("link") {
            return self.put_link(path);
        }
        self.put_object(path)
    }

    /// Deletes an object or an empty directory.
    fn delete(&mut self, path: &Path) -> Result<Reply> {
        self.refuse_reports(path)?;
        if path.is_root() {
            self.allow(Action::DeleteDirectory, path, &[])?;
            return Err(Error::new(
                Code::OperationNotAllowedOnRootDirectory,
                format!("DELETE is not allowed on {path}"),
            ));
        }
        self.allow_change(Action::DeleteObject, Action::DeleteDirectory, path)?;
        let condition = crate::conditions::of_request(self.request);
        use thoth_manta::Manta;
        self.core.store.delete(path, &condition)?;
        Ok(Reply::no_content())
    }

    /// The service alone writes reports.
    fn refuse_reports(&self, path: &Path) -> Result<()> {
        if path.area() != Some(Area::Reports)
            || path.is_root()
            || self.who.is_operator
        {
            return Ok(());
        }
        Err(Error::new(
            Code::AuthorizationFailed,
            format!("{path}: reports are written by the service"),
        ))
    }

    /// Takes what is left of a body that says nothing, so that the connection
    /// can go on.
    fn skip_body(&mut self) -> Result<()> {
        if !self.body.is_finished() {
            self.body.read_all(64 * 1024)?;
        }
        Ok(())
    }
}

impl Request {
    fn method(&self) -> &Method {
        &self.method
    }
}

fn method_not_allowed(request: &Request) -> Error {
    Error::new(
        Code::MethodNotAllowed,
        format!("{} is not allowed on {}", request.method, request.raw_path),
    )
}

/// Makes what the service needs for itself.
pub(crate) fn prepare(core: &Core) -> Result<()> {
    core.store.create_account(INTERNAL_ACCOUNT)
}

fn created() -> Reply {
    Reply::empty_json(StatusCode::CREATED)
}

/// Tidies up what the service and the store leave behind.
pub(crate) fn tidy(core: &Core) -> Result<()> {
    core.store.maintain()?;
    uploads::clean_up(&core.store, core.uploads_before())?;
    Ok(())
}
