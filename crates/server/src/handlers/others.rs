//! What is neither object nor directory: pages for people, health, tokens,
//! and the places of jobs and sessions.

use http::header::HeaderValue;
use http::{Method, StatusCode, header};
use serde_json::json;
use thoth_manta::{Area, Code, Error, Path, Result, Timestamp};

use super::{Call, method_not_allowed};
use crate::auth::Action;
use crate::reply::Reply;
use crate::request::Request;
use crate::target::Target;

const CROSS_DOMAIN: &str = "<?xml version=\"1.0\"?>\n\
    <!DOCTYPE cross-domain-policy SYSTEM \
    \"http://www.macromedia.com/xml/dtds/cross-domain-policy.dtd\">\n\
    <cross-domain-policy>\n\
    <allow-access-from domain=\"*\" secure=\"false\"/>\n\
    <allow-http-request-headers-from domain=\"*\" headers=\"*\" \
    secure=\"false\"/>\n\
    </cross-domain-policy>\n";

/// Answers what belongs to no account.
pub(super) fn without_account(
    target: &Target,
    request: &Request,
) -> Result<Option<Reply>> {
    let reply = match target {
        Target::Documentation => {
            let mut reply = Reply::new(StatusCode::FOUND);
            reply
                .set("location", "https://apidocs.tritondatacenter.com/manta/");
            reply
        }
        Target::Ping => {
            let mut reply = Reply::new(StatusCode::OK);
            reply.close = true;
            reply
        }
        Target::CrossDomain => {
            Reply::bytes(StatusCode::OK, "text/xml", CROSS_DOMAIN.into())
        }
        _ => return Ok(None),
    };
    match request.method {
        Method::GET | Method::HEAD => Ok(Some(reply)),
        _ => Err(method_not_allowed(request)),
    }
}

impl Call<'_> {
    /// Makes a token that stands for the caller.
    pub(super) fn create_token(&mut self, account: &Path) -> Result<Reply> {
        if self.request.method != Method::POST {
            return Err(method_not_allowed(self.request));
        }
        self.allow(Action::CreateToken, account, &[])?;
        self.skip_body()?;
        let now = Timestamp::now();
        let token = self.core.auth.create_token(&self.who, now)?;
        Ok(Reply::json(StatusCode::CREATED, &json!({ "token": token })))
    }

    /// Answers what is asked of jobs, as far as it is not about objects and
    /// directories below `jobs`: `None` then.
    ///
    /// There are no jobs in this version: none can be made, so none is there.
    pub(super) fn job(&mut self, path: &Path) -> Option<Result<Reply>> {
        debug_assert_eq!(path.area(), Some(Area::Jobs));
        let below: Vec<&str> = path.components().skip(2).collect();
        let reads = matches!(self.request.method, Method::GET | Method::HEAD);
        match below.as_slice() {
            [] if self.request.method == Method::POST => {
                Some(self.no_jobs(Action::CreateJob, path))
            }
            [] if reads && self.filters_jobs() => Some(self.live_jobs(path)),
            ["live"] if reads => Some(self.live_jobs(path)),
            [_, "live", ..] => {
                let action =
                    if reads { Action::GetJob } else { Action::ManageJob };
                Some(self.no_jobs(action, path))
            }
            _ => None,
        }
    }

    fn filters_jobs(&self) -> bool {
        ["state", "status", "name"].iter().any(|name| self.query.has(name))
    }

    /// Lists the jobs that are alive.
    fn live_jobs(&mut self, path: &Path) -> Result<Reply> {
        self.allow(Action::ListJobs, path, &[])?;
        for (name, value) in ["state", "status", "name"]
            .iter()
            .filter_map(|name| Some((*name, self.query.get(name)?)))
        {
            let fits = match name {
                "name" => {
                    !value.is_empty()
                        && value.bytes().all(|b| {
                            b.is_ascii_alphanumeric() || b"_-".contains(&b)
                        })
                }
                _ => matches!(value, "live" | "running"),
            };
            if !fits {
                return Err(Error::new(
                    Code::InvalidParameter,
                    format!("\"{value}\" is invalid for \"{name}\""),
                ));
            }
        }
        Ok(Reply::new(StatusCode::OK).with(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-json-stream; type=job"),
        ))
    }

    fn no_jobs(&mut self, action: Action, path: &Path) -> Result<Reply> {
        self.allow(action, path, &[])?;
        Err(self.absent(path))
    }

    /// Answers an interactive session's end that wants to be attached.
    pub(super) fn attach(
        &mut self,
        account: &Path,
        id: &str,
        kind: &str,
    ) -> Result<Reply> {
        if self.request.method != Method::GET {
            return Err(method_not_allowed(self.request));
        }
        self.allow(Action::Mlogin, account, &[])?;
        let upgrade = self.request.header("upgrade").unwrap_or_default();
        if !upgrade.eq_ignore_ascii_case("websocket") {
            return Err(Error::new(
                Code::ExpectedUpgrade,
                "upgrade: expected websocket",
            ));
        }
        if !matches!(kind, "master" | "slave") {
            return Err(Error::new(
                Code::InvalidParameter,
                format!("\"{kind}\" is invalid for \"type\""),
            ));
        }
        Err(Error::new(
            Code::ResourceNotFound,
            format!("{account}/jobs/{id} was not found"),
        ))
    }
}
