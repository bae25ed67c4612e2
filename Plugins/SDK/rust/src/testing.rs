//! A host in miniature for the tests of a plugin: it calls the exports of an entry as the host
//! does, through the C tables. It offers no services.

use crate::abi::*;
use crate::host::{checked, str, text};
use crate::{Error, Result};
use std::ffi::{c_char, c_void, CStr};
use std::ptr::{null, null_mut};

/// A plugin's `tk_plugin_entry`.
pub type Entry = extern "C" fn(u32) -> *const tk_plugin_head;

/// What a reward made of a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scores {
    /// One for each completion; none where the reward abstained or set nothing.
    pub scores: Vec<Option<f32>>,
    /// The reasons why the reward abstained, with the completion's index.
    pub abstentions: Vec<(usize, String)>,
    /// Components by name, one value for each completion.
    pub components: Vec<(String, Vec<f32>)>,
}

/// Makes the reward with this configuration and scores these completions.
pub fn score(entry: Entry, name: &str, config: &str, completions: &[&str]) -> Result<Scores> {
    let (table, user) = export::<tk_reward_v1>(entry, TK_KIND_REWARD, name)?;
    let texts: Vec<tk_str> = completions.iter().map(|text| str(text)).collect();
    let prompts = vec![str("a prompt"); texts.len()];
    let metadata = vec![str("{}"); texts.len()];
    let batch = tk_reward_batch_v1 {
        count: texts.len(),
        prompts: prompts.as_ptr(),
        completions: texts.as_ptr(),
        metadata_json: metadata.as_ptr(),
        groups: null(),
        facts: null(),
        reserved: [null(); 2],
    };
    let mut made = Scores::default();
    let mut values = vec![f32::NAN; texts.len()];
    let out = tk_reward_out_v1 {
        ctx: (&mut made as *mut Scores).cast(),
        scores: values.as_mut_ptr(),
        component,
        abstain,
        reserved: [null_mut(); 2],
    };
    let mut instance = null_mut();
    checked(|e| unsafe { (table.create)(user, &HOST.0, str(config), &mut instance, e) })?;
    let status = checked(|e| unsafe { (table.score)(instance, &batch, &out, e) });
    unsafe { (table.destroy)(instance) };
    made.scores = values.into_iter().map(|value| Some(value).filter(|v| !v.is_nan())).collect();
    status.map(|_| made)
}

/// The number of rows of a split and, if it has that many, row `index` as lines `role: text` and
/// `metadata: {…}`; none: there is no such split.
pub fn row(
    entry: Entry,
    name: &str,
    config: &str,
    split: &str,
    index: i64,
) -> Result<Option<(i64, String)>> {
    let (table, user) = export::<tk_dataset_v1>(entry, TK_KIND_DATASET, name)?;
    let mut instance = null_mut();
    let (config, split) = (str(config), str(split));
    let create = |e| unsafe { (table.create)(user, &HOST.0, config, split, &mut instance, e) };
    if checked(create)? == TK_END {
        return Ok(None);
    }
    let mut lines = String::new();
    let ctx = (&mut lines as *mut String).cast();
    let sink = tk_example_out_v1 {
        ctx,
        turn,
        metadata,
        choices,
        tensor,
        turn_details: Some(turn_details),
        template_variables: Some(template_variables),
        label: Some(label),
        reserved: [null_mut(); 1],
    };
    let count = unsafe { (table.count)(instance) };
    let status = if index < count {
        checked(|e| unsafe { (table.read)(instance, index, 0, 1, &sink, e) })
    } else {
        Ok(TK_OK)
    };
    unsafe { (table.destroy)(instance) };
    status.map(|_| Some((count, lines)))
}

/// Where the rows of a split come from, as JSON: `{"sources": [...], "varies_by_epoch": ...}`.
pub fn sources(entry: Entry, name: &str, config: &str, split: &str) -> Result<String> {
    let (table, user) = export::<tk_dataset_v1>(entry, TK_KIND_DATASET, name)?;
    let plugin = unsafe { &*entry(TK_ABI_MAJOR).cast::<tk_plugin_v1>() };
    let id = TK_EXTENSION_DATASET_SOURCES.as_ptr().cast();
    let found = plugin.extension.map_or(null(), |find| unsafe { find(id) });
    let Some(found) = (unsafe { found.cast::<tk_dataset_sources_v1>().as_ref() }) else {
        return Err(Error::unsupported("the plugin does not say where rows come from"));
    };
    let mut instance = null_mut();
    let (config, split) = (str(config), str(split));
    let create = |e| unsafe { (table.create)(user, &HOST.0, config, split, &mut instance, e) };
    if checked(create)? == TK_END {
        return Err(Error::data("there is no such split"));
    }
    let mut json = String::new();
    let out = tk_text_out_v1 { ctx: (&mut json as *mut String).cast(), write };
    let status = checked(|e| unsafe { (found.describe)(str(name), instance, &out, e) });
    unsafe { (table.destroy)(instance) };
    status.map(|_| json)
}

/// An answer to judge: what the model wrote, the reference, the row as JSON.
pub type Answer<'a> = (&'a str, Option<&'a str>, &'a str);

/// The report of an evaluator, as JSON.
pub fn evaluate(entry: Entry, name: &str, answers: &[Answer]) -> Result<String> {
    let (table, user) = export::<tk_evaluator_v1>(entry, TK_KIND_EVALUATOR, name)?;
    let none = tk_str { ptr: null(), len: 0 };
    let indices: Vec<i64> = (0..answers.len() as i64).collect();
    let texts: Vec<tk_str> = answers.iter().map(|each| str(each.0)).collect();
    let references: Vec<tk_str> = answers.iter().map(|each| each.1.map_or(none, str)).collect();
    let examples: Vec<tk_str> = answers.iter().map(|each| str(each.2)).collect();
    let metadata = vec![str("{}"); answers.len()];
    let (choices, counts) = (vec![null::<f64>(); answers.len()], vec![0; answers.len()]);
    let all = tk_predictions_v1 {
        count: answers.len(),
        indices: indices.as_ptr(),
        texts: texts.as_ptr(),
        examples_json: examples.as_ptr(),
        references: references.as_ptr(),
        metadata_json: metadata.as_ptr(),
        choice_log_likelihoods: choices.as_ptr(),
        choice_counts: counts.as_ptr(),
        scores: null(),
        score_counts: null(),
        reserved: [null(); 2],
    };
    let mut report = String::new();
    let out = tk_text_out_v1 { ctx: (&mut report as *mut String).cast(), write };
    let mut instance = null_mut();
    let (config, split) = (str("{}"), str("validation"));
    checked(|e| unsafe { (table.create)(user, &HOST.0, config, split, &mut instance, e) })?;
    let status = checked(|e| unsafe { (table.evaluate)(instance, &all, &out, e) });
    unsafe { (table.destroy)(instance) };
    status.map(|_| report)
}

/// What a task says it is made of, as JSON.
pub fn describe(entry: Entry, name: &str) -> Result<String> {
    let (table, user) = export::<tk_task_v1>(entry, TK_KIND_TASK, name)?;
    let mut description = String::new();
    let out = tk_text_out_v1 { ctx: (&mut description as *mut String).cast(), write };
    checked(|e| unsafe { (table.describe)(user, &out, e) })?;
    Ok(description)
}

// ---- the host's side ----

struct StaticHost(tk_host_v1);

// It has no state.
unsafe impl Sync for StaticHost {}

static HOST: StaticHost = StaticHost(tk_host_v1 {
    abi_minor: TK_ABI_MINOR,
    struct_size: std::mem::size_of::<tk_host_v1>() as u32,
    ctx: null_mut(),
    log,
    cancelled,
    service,
    reserved: [null_mut(); 4],
});

unsafe extern "C" fn log(_host: *const tk_host_v1, level: i32, message: tk_str) {
    eprintln!("log {level}: {}", text(message).unwrap_or("not UTF-8"));
}

unsafe extern "C" fn cancelled(_host: *const tk_host_v1) -> i32 {
    0
}

unsafe extern "C" fn service(_host: *const tk_host_v1, _id: *const c_char) -> *const c_void {
    null()
}

/// The table of an export, and its `user`.
fn export<T>(entry: Entry, kind: i32, name: &str) -> Result<(&'static T, *mut c_void)> {
    let head = entry(TK_ABI_MAJOR);
    let fits = |head: &tk_plugin_head| {
        (head.magic, head.abi_major) == (TK_MAGIC, TK_ABI_MAJOR)
            && head.struct_size as usize == std::mem::size_of::<tk_plugin_v1>()
    };
    if !unsafe { head.as_ref() }.is_some_and(fits) {
        return Err(Error::internal("the entry returns no table for this version of the ABI"));
    }
    let plugin = unsafe { &*head.cast::<tk_plugin_v1>() };
    let exports = unsafe { std::slice::from_raw_parts(plugin.exports, plugin.export_count) };
    let named =
        |each: &&tk_export_v1| unsafe { CStr::from_ptr(each.name) }.to_bytes() == name.as_bytes();
    match exports.iter().filter(|each| each.kind == kind).find(named) {
        Some(export) => Ok((unsafe { &*export.vtable.cast() }, export.user)),
        None => Err(Error::unsupported(format!("there is no export '{name}' of kind {kind}"))),
    }
}

unsafe extern "C" fn component(
    out: *const tk_reward_out_v1,
    name: tk_str,
    values: *const f32,
    count: usize,
) -> tk_status {
    let made = &mut *(*out).ctx.cast::<Scores>();
    let values = std::slice::from_raw_parts(values, count).to_vec();
    made.components.push((text(name).unwrap_or("not UTF-8").to_string(), values));
    TK_OK
}

unsafe extern "C" fn abstain(
    out: *const tk_reward_out_v1,
    index: usize,
    reason: tk_str,
) -> tk_status {
    let made = &mut *(*out).ctx.cast::<Scores>();
    made.abstentions.push((index, text(reason).unwrap_or("not UTF-8").to_string()));
    TK_OK
}

unsafe extern "C" fn write(out: *const tk_text_out_v1, chunk: tk_str) {
    (*(*out).ctx.cast::<String>()).push_str(text(chunk).unwrap_or("not UTF-8"));
}

unsafe fn line(out: *const tk_example_out_v1, label: &str, value: tk_str) -> tk_status {
    let lines = &mut *(*out).ctx.cast::<String>();
    lines.push_str(&format!("{label}: {}\n", text(value).unwrap_or("not UTF-8")));
    TK_OK
}

unsafe extern "C" fn turn(
    out: *const tk_example_out_v1,
    section: i32,
    role: tk_str,
    parts: *const tk_part_v1,
    count: usize,
) -> tk_status {
    let of = match section {
        TK_SECTION_CHOSEN => "chosen ",
        TK_SECTION_REJECTED => "rejected ",
        _ => "",
    };
    for part in std::slice::from_raw_parts(parts, count) {
        line(out, &format!("{of}{}", text(role).unwrap_or("not UTF-8")), part.value);
    }
    TK_OK
}

unsafe extern "C" fn label(out: *const tk_example_out_v1, label: i32) -> tk_status {
    line(out, "label", str(if label == 0 { "0" } else { "1" }))
}

unsafe extern "C" fn turn_details(
    out: *const tk_example_out_v1,
    flags: u32,
    members: tk_str,
) -> tk_status {
    if flags & TK_TURN_UNTRAINED != 0 {
        line(out, "untrained", str(""));
    }
    if members.len == 0 {
        return TK_OK;
    }
    line(out, "members", members)
}

unsafe extern "C" fn template_variables(out: *const tk_example_out_v1, json: tk_str) -> tk_status {
    line(out, "variables", json)
}

unsafe extern "C" fn metadata(out: *const tk_example_out_v1, json: tk_str) -> tk_status {
    line(out, "metadata", json)
}

unsafe extern "C" fn choices(
    out: *const tk_example_out_v1,
    choices: *const tk_str,
    count: usize,
) -> tk_status {
    for choice in std::slice::from_raw_parts(choices, count) {
        line(out, "choice", *choice);
    }
    TK_OK
}

unsafe extern "C" fn tensor(
    out: *const tk_example_out_v1,
    name: tk_str,
    _dtype: i32,
    _shape: *const i64,
    _rank: usize,
    _data: *const c_void,
    _bytes: usize,
) -> tk_status {
    line(out, "tensor", name)
}
