//! Failures, and how they cross the boundary: as a status and one sentence.

use crate::abi::*;
use std::any::Any;
use std::ffi::c_char;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// A failure: whose fault it is, and one sentence. `?` turns any `std::error::Error` into an
/// internal one.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// `TK_E_CONFIG`, `TK_E_DATA`, …
    pub status: tk_status,
    /// One sentence that names the thing and says what to do.
    pub sentence: String,
}

/// What functions of a plugin return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The configuration is wrong.
    pub fn config(sentence: impl Into<String>) -> Error {
        Error { status: TK_E_CONFIG, sentence: sentence.into() }
    }

    /// A file or a row is missing or wrong.
    pub fn data(sentence: impl Into<String>) -> Error {
        Error { status: TK_E_DATA, sentence: sentence.into() }
    }

    /// This plugin cannot do that.
    pub fn unsupported(sentence: impl Into<String>) -> Error {
        Error { status: TK_E_UNSUPPORTED, sentence: sentence.into() }
    }

    /// The plugin's own fault.
    pub fn internal(sentence: impl Into<String>) -> Error {
        Error { status: TK_E_INTERNAL, sentence: sentence.into() }
    }

    /// The same, of a place: `sample 3: …`.
    pub fn at(mut self, place: impl std::fmt::Display) -> Error {
        self.sentence = format!("{place}: {}", self.sentence);
        self
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Error {
        Error::internal(error.to_string())
    }
}

/// Runs `body`; a panic becomes an internal error.
pub(crate) fn caught<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    // What a panic leaves behind is the instance's own: the author's locks tell by poisoning.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| Err(panicked(&*payload)))
}

fn panicked(payload: &(dyn Any + Send)) -> Error {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    Error::internal(format!("panicked: {}", text.unwrap_or("no message")))
}

/// Runs the body of a C function: its status; what failed is written into `error`.
///
/// # Safety
/// `error` is null or the host's buffer.
pub(crate) unsafe fn guarded(
    error: *mut tk_error,
    body: impl FnOnce() -> Result<tk_status>,
) -> tk_status {
    match caught(body) {
        Ok(status) => status,
        Err(failure) => {
            if let Some(error) = error.as_ref() {
                write(&failure.sentence, error);
            }
            failure.status
        }
    }
}

unsafe fn write(sentence: &str, error: &tk_error) {
    if error.text.is_null() || error.capacity == 0 {
        return;
    }
    let mut length = sentence.len().min(error.capacity - 1);
    while !sentence.is_char_boundary(length) {
        length -= 1;
    }
    std::ptr::copy_nonoverlapping(sentence.as_ptr().cast::<c_char>(), error.text, length);
    *error.text.add(length) = 0;
}
