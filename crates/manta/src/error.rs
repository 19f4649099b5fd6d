//! Errors of the store, by their stable codes.
//!
//! The code is the contract (clients compare it, tools branch on it); the
//! message is for people. Each code has the HTTP status it travels under, so
//! that a store in this process and one behind a server fail alike.

use std::error::Error as StdError;
use std::fmt;

/// The result of an operation of the store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $wire:literal, $status:literal;)*) => {
        /// A stable error code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// Returns the code as it stands in an error body.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $wire,)* }
            }

            /// Returns the HTTP status that carries the code.
            pub fn status(self) -> u16 {
                match self { $(Code::$name => $status,)* }
            }
        }
    };
}

codes! {
    /// The account is there, and nothing may be done with it.
    AccountBlocked = "AccountBlocked", 403;
    /// The account is not known to the store.
    AccountDoesNotExist = "AccountDoesNotExist", 403;
    /// The caller is known, and may not do that.
    AuthorizationFailed = "AuthorizationFailed", 403;
    /// A delegated token was used without a signature.
    AuthorizationRequired = "AuthorizationRequired", 401;
    /// The scheme of the credentials is not one of those there are.
    AuthorizationSchemeNotAllowed = "AuthorizationSchemeNotAllowed", 403;
    /// Something about the request itself is wrong.
    BadRequest = "BadRequestError", 400;
    /// Another writer changed the path meanwhile; trying again may work.
    ConcurrentRequest = "ConcurrentRequest", 409;
    /// The body has neither a length nor chunks.
    ContentLengthRequired = "ContentLengthRequired", 411;
    /// The body is not the one that the caller announced by its digest.
    ContentMd5Mismatch = "ContentMD5Mismatch", 400;
    /// The parent directory is missing.
    DirectoryDoesNotExist = "DirectoryDoesNotExist", 404;
    /// The directory has as many entries as one may have.
    DirectoryLimitExceeded = "DirectoryLimitExceeded", 409;
    /// The directory to delete has entries.
    DirectoryNotEmpty = "DirectoryNotEmpty", 400;
    /// There is an entity of that name already.
    EntityAlreadyExists = "EntityAlreadyExists", 409;
    /// An interactive session is a websocket, and this was none.
    ExpectedUpgrade = "ExpectedUpgrade", 400;
    /// Something failed that the caller cannot help.
    InternalError = "InternalError", 500;
    /// The algorithm of a signature is not one of those there are.
    InvalidAlgorithm = "InvalidAlgorithm", 401;
    /// An argument is out of its range.
    InvalidArgument = "InvalidArgumentError", 400;
    /// The token is none of ours, or too old.
    InvalidAuthenticationToken = "InvalidAuthenticationToken", 403;
    /// More or fewer copies were asked for than there can be.
    InvalidDurabilityLevel = "InvalidDurabilityLevel", 400;
    /// A header is missing or malformed.
    InvalidHeader = "InvalidHeader", 400;
    /// A token of delegated sign-on is not accepted.
    InvalidHttpAuthenticationToken = "InvalidHttpAuthenticationToken", 403;
    /// The document of a job is not as it has to be.
    InvalidJob = "InvalidJob", 400;
    /// The job is past the point where that could be done.
    InvalidJobState = "InvalidJobState", 409;
    /// What names a key has another form.
    InvalidKeyId = "InvalidKeyId", 403;
    /// The source of a link is missing a form that a path has.
    InvalidLink = "InvalidLink", 400;
    /// The longest body to come is not a length.
    InvalidMaxContentLength = "InvalidMaxContentLength", 400;
    /// The upload is past the point where that could be done.
    InvalidMultipartUploadState = "InvalidMultipartUploadState", 409;
    /// A parameter has a value that it cannot have.
    InvalidParameter = "InvalidParameter", 400;
    /// A signed URL is incomplete, too old, or signed for something else.
    InvalidQueryStringAuthentication =
        "InvalidQueryStringAuthentication", 403;
    /// The path cannot be decoded or is not allowed.
    InvalidResource = "InvalidResource", 400;
    /// There is no such role, or the caller does not have it.
    InvalidRole = "InvalidRole", 409;
    /// There is no such role to tag with.
    InvalidRoleTag = "InvalidRoleTag", 409;
    /// The signature is not that of the key.
    InvalidSignature = "InvalidSignature", 403;
    /// What was to be changed is fixed.
    InvalidUpdate = "InvalidUpdate", 400;
    /// There is no such job.
    JobNotFound = "JobNotFound", 404;
    /// The key is not one of the account's.
    KeyDoesNotExist = "KeyDoesNotExist", 403;
    /// The source of a link is a directory.
    LinkNotObject = "LinkNotObject", 400;
    /// The source of a link was not named.
    LocationRequired = "LocationRequired", 400;
    /// The body is longer than was promised.
    MaxContentLengthExceeded = "MaxContentLengthExceeded", 413;
    /// The path is there, and has no such method.
    MethodNotAllowed = "MethodNotAllowedError", 405;
    /// No role of the caller's allows something that is needed.
    MissingPermission = "MissingPermission", 403;
    /// Something about a multipart upload is wrong.
    MultipartUploadInvalidArgument = "MultipartUploadInvalidArgument", 409;
    /// None of the caller's active roles is on the resource.
    NoMatchingRoleTag = "NoMatchingRoleTag", 403;
    /// The caller accepts other content types only.
    NotAcceptable = "NotAcceptable", 406;
    /// There is no room for the object.
    NotEnoughSpace = "NotEnoughSpace", 507;
    /// Nothing does that.
    NotImplemented = "NotImplemented", 501;
    /// The path is a directory, where an object was expected.
    OperationNotAllowedOnDirectory = "OperationNotAllowedOnDirectory", 400;
    /// The path is a root directory, which cannot be changed.
    OperationNotAllowedOnRootDirectory =
        "OperationNotAllowedOnRootDirectory", 400;
    /// A component on the way is an object.
    ParentNotDirectory = "ParentNotDirectory", 400;
    /// The condition of the request does not hold.
    PreconditionFailed = "PreconditionFailedError", 412;
    /// The parameter is for operators.
    QueryParameterForbidden = "QueryParameterForbidden", 403;
    /// The range lies past the end of the object.
    RequestedRangeNotSatisfiable = "RequestedRangeNotSatisfiable", 416;
    /// The request was made too long ago, or in the future.
    RequestExpired = "RequestExpired", 400;
    /// There is no such object or directory.
    ResourceNotFound = "ResourceNotFound", 404;
    /// The request has to come over TLS.
    SecureTransportRequired = "SecureTransportRequired", 403;
    /// The store cannot serve now.
    ServiceUnavailable = "ServiceUnavailable", 503;
    /// The account may make no links.
    SnaplinksDisabled = "SnaplinksDisabledError", 403;
    /// The source of a link does not exist.
    SourceObjectNotFound = "SourceObjectNotFound", 404;
    /// The caller has asked for too much in too short a time.
    Throttled = "ThrottledError", 503;
    /// The body ended before the promised length, or could not be read.
    UploadAbandoned = "UploadAbandoned", 499;
    /// No byte of the body came for too long.
    UploadTimeout = "UploadTimeout", 408;
    /// The account has no such user.
    UserDoesNotExist = "UserDoesNotExist", 403;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failed operation: its code, a message for the caller, and the cause.
#[derive(Debug)]
pub struct Error {
    code: Code,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Returns an error without a further cause.
    pub fn new(code: Code, message: impl Into<String>) -> Error {
        Error { code, message: message.into(), source: None }
    }

    /// Returns this error with its cause, which the message does not repeat.
    #[must_use]
    pub fn because(
        mut self,
        cause: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Error {
        self.source = Some(cause.into());
        self
    }

    /// Returns the error that `path` is not there.
    pub fn not_found(path: &crate::Path) -> Error {
        Error::new(Code::ResourceNotFound, format!("{path} was not found"))
    }

    /// Returns the stable code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Returns the message for the caller.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Tells whether the error says that the path is not there.
    pub fn is_not_found(&self) -> bool {
        self.code == Code::ResourceNotFound
    }

    /// Tells whether the error says that another writer was first.
    pub fn is_conflict(&self) -> bool {
        matches!(self.code, Code::PreconditionFailed | Code::ConcurrentRequest)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|cause| cause as _)
    }
}

impl From<crate::PathError> for Error {
    fn from(error: crate::PathError) -> Error {
        Error::new(Code::InvalidResource, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_distinct_and_are_errors() {
        let names: HashSet<_> = Code::ALL.iter().map(|c| c.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|c| (400..600).contains(&c.status())));
    }

    #[test]
    fn message_does_not_repeat_the_cause() {
        let error = Error::new(Code::InternalError, "cannot open x")
            .because(std::io::Error::other("disk on fire"));
        assert_eq!(error.to_string(), "cannot open x");
        assert!(error.source().is_some());
    }
}
