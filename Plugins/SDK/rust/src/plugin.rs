//! The tables of C functions behind the traits, and the plugin's entry.

use crate::abi::*;
use crate::error::{caught, guarded};
use crate::host::{str, text};
use crate::{sources, Dataset, Error, Evaluator, Host, Json, Result, Reward, Split};
use std::ffi::{c_void, CString};
use std::ptr::null_mut;

/// One thing that a plugin offers; made by [`reward`], [`dataset`], [`evaluator`] and [`task`].
pub struct Export {
    kind: i32,
    name: String,
    summary: String,
    vtable: *const c_void,
    description: String,
    sources: Option<sources::Sources>,
}

impl Export {
    fn new<T>(kind: i32, name: &str, summary: &str, vtable: T) -> Export {
        let (name, summary) = (name.to_string(), summary.to_string());
        let vtable = (Box::leak(Box::new(vtable)) as *const T).cast();
        Export { kind, name, summary, vtable, description: String::new(), sources: None }
    }
}

/// A reward of type `R` under a name, with one sentence on it.
pub fn reward<R: Reward>(name: &str, summary: &str) -> Export {
    let table = tk_reward_v1 {
        struct_size: std::mem::size_of::<tk_reward_v1>() as u32,
        flags: TK_THREAD_SAFE,
        create: create_reward::<R>,
        destroy: destroy::<R>,
        score: score::<R>,
        reserved: [null_mut(); 2],
    };
    Export::new(TK_KIND_REWARD, name, summary, table)
}

/// A dataset of type `D` under a name, with one sentence on it.
pub fn dataset<D: Dataset>(name: &str, summary: &str) -> Export {
    let table = tk_dataset_v1 {
        struct_size: std::mem::size_of::<tk_dataset_v1>() as u32,
        flags: TK_THREAD_SAFE,
        create: create_dataset::<D>,
        destroy: destroy::<D>,
        count: count::<D>,
        read: read::<D>,
        reserved: [null_mut(); 2],
    };
    let mut export = Export::new(TK_KIND_DATASET, name, summary, table);
    export.sources = Some(sources::of::<D>);
    export
}

/// An evaluator of type `E` under a name, with one sentence on it.
pub fn evaluator<E: Evaluator>(name: &str, summary: &str) -> Export {
    let table = tk_evaluator_v1 {
        struct_size: std::mem::size_of::<tk_evaluator_v1>() as u32,
        flags: TK_THREAD_SAFE,
        create: create_evaluator::<E>,
        destroy: destroy::<E>,
        evaluate: evaluate::<E>,
        reserved: [null_mut(); 4],
    };
    Export::new(TK_KIND_EVALUATOR, name, summary, table)
}

/// A task made of the plugin's exports of these names; `defaults` is an object of recipe keys that
/// lies under the user's recipe.
pub fn task(
    name: &str,
    summary: &str,
    dataset: &str,
    evaluator: Option<&str>,
    defaults: Json,
) -> Export {
    let table = tk_task_v1 {
        struct_size: std::mem::size_of::<tk_task_v1>() as u32,
        flags: TK_THREAD_SAFE,
        describe,
        reserved: [null_mut(); 6],
    };
    let mut export = Export::new(TK_KIND_TASK, name, summary, table);
    let description = Json::object([
        ("name", name.into()),
        ("summary", summary.into()),
        ("dataset", dataset.into()),
        ("evaluator", evaluator.map_or(Json::Null, Json::from)),
        ("defaults", defaults),
    ]);
    export.description = description.to_string();
    export
}

/// A plugin's table. It is never freed: the host keeps pointers into it.
pub struct Plugin(tk_plugin_v1);

// The table is not changed once it is made.
unsafe impl Send for Plugin {}
unsafe impl Sync for Plugin {}

impl Plugin {
    /// Makes the table; [`plugin!`](crate::plugin) calls it once.
    pub fn new(name: &str, version: &str, exports: Vec<Export>) -> Plugin {
        let c = |text: &str| CString::new(text).unwrap_or_default().into_raw().cast_const();
        let named = exports.iter().filter_map(|each| Some((each.name.clone(), each.sources?)));
        sources::register(named.collect());
        let rows: Vec<tk_export_v1> = exports
            .into_iter()
            .map(|each| tk_export_v1 {
                kind: each.kind,
                reserved: 0,
                name: c(&each.name),
                summary: c(&each.summary),
                vtable: each.vtable,
                user: (Box::leak(Box::new(each.description)) as *mut String).cast(),
            })
            .collect();
        let rows = Vec::leak(rows);
        Plugin(tk_plugin_v1 {
            head: tk_plugin_head {
                magic: TK_MAGIC,
                abi_major: TK_ABI_MAJOR,
                abi_minor: TK_ABI_MINOR,
                struct_size: std::mem::size_of::<tk_plugin_v1>() as u32,
            },
            name: c(name),
            version: c(version),
            built_with: c("Rust"),
            export_count: rows.len(),
            exports: rows.as_ptr(),
            extension: Some(sources::extension),
            reserved: [null_mut(); 4],
        })
    }

    /// For a host of this major version; null: cannot serve it.
    pub fn head(&'static self, host_abi_major: u32) -> *const tk_plugin_head {
        if host_abi_major == TK_ABI_MAJOR {
            (&self.0 as *const tk_plugin_v1).cast()
        } else {
            std::ptr::null()
        }
    }
}

/// Defines the plugin's entry: `plugin! { name: "x", version: "1.0.0", exports: [...] }`.
#[macro_export]
macro_rules! plugin {
    (name: $name:expr, version: $version:expr, exports: [$($export:expr),* $(,)?] $(,)?) => {
        /// The plugin's table for a host of this major version of the ABI.
        #[no_mangle]
        pub extern "C" fn tk_plugin_entry(
            host_abi_major: u32,
        ) -> *const $crate::abi::tk_plugin_head {
            static PLUGIN: ::std::sync::OnceLock<$crate::Plugin> = ::std::sync::OnceLock::new();
            let make = || $crate::Plugin::new($name, $version, vec![$($export),*]);
            match ::std::panic::catch_unwind(|| PLUGIN.get_or_init(make)) {
                Ok(plugin) => plugin.head(host_abi_major),
                Err(_) => ::std::ptr::null(),
            }
        }
    };
}

// ---- the functions of the tables: pointers are the host's, valid until the function returns ----

unsafe fn config(json: tk_str) -> Result<Json> {
    match Json::parse(text(json)?) {
        Ok(object @ Json::Object(_)) => Ok(object),
        Ok(_) => Err(Error::config("the configuration must be an object")),
        Err(error) => Err(Error::config(format!("the configuration is {}", error.sentence))),
    }
}

unsafe fn store<T>(made: T, instance: *mut *mut c_void) -> Result<tk_status> {
    *instance = Box::into_raw(Box::new(made)).cast();
    Ok(TK_OK)
}

unsafe extern "C" fn destroy<T>(instance: *mut c_void) {
    let _ = caught(|| {
        drop(Box::from_raw(instance.cast::<T>()));
        Ok(())
    });
}

unsafe extern "C" fn create_reward<R: Reward>(
    _user: *mut c_void,
    host: *const tk_host_v1,
    json: tk_str,
    instance: *mut *mut c_void,
    error: *mut tk_error,
) -> tk_status {
    guarded(error, || store(R::new(&config(json)?, Host::new(host))?, instance))
}

unsafe extern "C" fn score<R: Reward>(
    instance: *mut c_void,
    batch: *const tk_reward_batch_v1,
    out: *const tk_reward_out_v1,
    error: *mut tk_error,
) -> tk_status {
    guarded(error, || {
        let samples = crate::reward::samples(&*batch)?;
        let scores = (*instance.cast::<R>()).score_batch(&samples)?;
        crate::reward::write(&scores, &*out, samples.len())
    })
}

unsafe extern "C" fn create_dataset<D: Dataset>(
    _user: *mut c_void,
    host: *const tk_host_v1,
    json: tk_str,
    split: tk_str,
    instance: *mut *mut c_void,
    error: *mut tk_error,
) -> tk_status {
    guarded(error, || {
        let Some(split) = Split::named(text(split)?) else { return Ok(TK_END) };
        match D::new(&config(json)?, split, Host::new(host))? {
            Some(dataset) => store(dataset, instance),
            None => Ok(TK_END),
        }
    })
}

unsafe extern "C" fn count<D: Dataset>(instance: *mut c_void) -> i64 {
    let count = caught(|| Ok((*instance.cast::<D>()).count()));
    count.map_or_else(|error| i64::from(error.status), |count| count as i64)
}

unsafe extern "C" fn read<D: Dataset>(
    instance: *mut c_void,
    index: i64,
    epoch: i64,
    seed: u64,
    sink: *const tk_example_out_v1,
    error: *mut tk_error,
) -> tk_status {
    guarded(error, || {
        let row = (*instance.cast::<D>()).row(usize::try_from(index)?, epoch, seed)?;
        row.write(&*sink).map(|()| TK_OK)
    })
}

unsafe extern "C" fn create_evaluator<E: Evaluator>(
    _user: *mut c_void,
    host: *const tk_host_v1,
    json: tk_str,
    split: tk_str,
    instance: *mut *mut c_void,
    error: *mut tk_error,
) -> tk_status {
    guarded(error, || {
        let name = text(split)?;
        let Some(split) = Split::named(name) else {
            return Err(Error::unsupported(format!("there is no split '{name}'")));
        };
        store(E::new(&config(json)?, split, Host::new(host))?, instance)
    })
}

unsafe extern "C" fn evaluate<E: Evaluator>(
    instance: *mut c_void,
    all: *const tk_predictions_v1,
    report_json: *const tk_text_out_v1,
    error: *mut tk_error,
) -> tk_status {
    guarded(error, || {
        let predictions = crate::evaluator::predictions(&*all)?;
        let report = (*instance.cast::<E>()).evaluate(&predictions)?.json().to_string();
        ((*report_json).write)(report_json, str(&report));
        Ok(TK_OK)
    })
}

unsafe extern "C" fn describe(
    user: *mut c_void,
    json: *const tk_text_out_v1,
    error: *mut tk_error,
) -> tk_status {
    guarded(error, || {
        ((*json).write)(json, str(&*user.cast::<String>()));
        Ok(TK_OK)
    })
}
