//! Where a dataset's rows come from: the extension `tk.dataset_sources/1`.

use crate::abi::*;
use crate::error::guarded;
use crate::host::{str, text};
use crate::{Dataset, Error, Json};
use std::ffi::{c_char, c_void, CStr};
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

/// Says where the rows of an instance of one dataset type come from.
pub(crate) type Sources = unsafe fn(*mut c_void) -> Json;

/// The datasets of this library by name: a table is one for all of them, and gets no context.
static DATASETS: OnceLock<Vec<(String, Sources)>> = OnceLock::new();

/// Keeps the datasets of the plugin, which are set once.
pub(crate) fn register(datasets: Vec<(String, Sources)>) {
    let _ = DATASETS.set(datasets);
}

/// What an instance of `D` says.
pub(crate) unsafe fn of<D: Dataset>(instance: *mut c_void) -> Json {
    let dataset = &*instance.cast::<D>();
    let paths = dataset.sources().into_iter().map(Json::String).collect();
    Json::object([
        ("sources", Json::Array(paths)),
        ("varies_by_epoch", Json::Bool(dataset.varies_by_epoch())),
        ("notes", Json::Array(dataset.notes().into_iter().map(Json::String).collect())),
        ("places", Json::Array(dataset.places().into_iter().map(Json::String).collect())),
    ])
}

struct Table(tk_dataset_sources_v1);

// It has no state.
unsafe impl Sync for Table {}

static TABLE: Table = Table(tk_dataset_sources_v1 {
    struct_size: std::mem::size_of::<tk_dataset_sources_v1>() as u32,
    flags: 0,
    describe,
    reserved: [null_mut(); 4],
});

/// The plugin's tables beside its exports.
pub(crate) unsafe extern "C" fn extension(id: *const c_char) -> *const c_void {
    if CStr::from_ptr(id).to_bytes_with_nul() == TK_EXTENSION_DATASET_SOURCES {
        (&TABLE.0 as *const tk_dataset_sources_v1).cast()
    } else {
        null()
    }
}

unsafe extern "C" fn describe(
    dataset: tk_str,
    instance: *mut c_void,
    json: *const tk_text_out_v1,
    error: *mut tk_error,
) -> tk_status {
    guarded(error, || {
        let name = text(dataset)?;
        let known = DATASETS.get().into_iter().flatten().find(|each| each.0 == name);
        let Some((_, sources)) = known else {
            return Err(Error::internal(format!("there is no dataset '{name}'")));
        };
        ((*json).write)(json, str(&sources(instance).to_string()));
        Ok(TK_OK)
    })
}
