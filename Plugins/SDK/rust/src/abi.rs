//! The C header `CPluginABI.h`, ABI 1.7, call by call; the rules stand there.
#![allow(non_camel_case_types, missing_docs)]

mod layout;

use std::ffi::{c_char, c_void};

pub const TK_MAGIC: u32 = 0x00004b54;
pub const TK_ABI_MAJOR: u32 = 1;
pub const TK_ABI_MINOR: u32 = 7;

pub type tk_status = i32;
pub const TK_OK: tk_status = 0;
pub const TK_END: tk_status = 1;
pub const TK_E_CONFIG: tk_status = -1;
pub const TK_E_DATA: tk_status = -2;
pub const TK_E_UNSUPPORTED: tk_status = -3;
pub const TK_E_INTERNAL: tk_status = -4;
pub const TK_E_CANCELLED: tk_status = -5;

pub const TK_LOG_DEBUG: i32 = 0;
pub const TK_LOG_INFO: i32 = 1;
pub const TK_LOG_WARN: i32 = 2;
pub const TK_LOG_ERROR: i32 = 3;

pub const TK_KIND_TASK: i32 = 1;
pub const TK_KIND_REWARD: i32 = 2;
pub const TK_KIND_DATASET: i32 = 3;
pub const TK_KIND_EVALUATOR: i32 = 4;
pub const TK_KIND_TRANSPORT: i32 = 5;
pub const TK_THREAD_SAFE: u32 = 1;

pub const TK_PART_TEXT: i32 = 0;
pub const TK_PART_MEDIA: i32 = 1;
pub const TK_PART_CHOICE: i32 = 2;
pub const TK_SECTION_CONVERSATION: i32 = 0;
pub const TK_SECTION_CHOSEN: i32 = 1;
pub const TK_SECTION_REJECTED: i32 = 2;
pub const TK_TURN_UNTRAINED: u32 = 1;
pub const TK_F32: i32 = 1;
pub const TK_I32: i32 = 2;
pub const TK_U8: i32 = 3;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct tk_str {
    pub ptr: *const c_char,
    pub len: usize,
}

#[repr(C)]
pub struct tk_error {
    pub text: *mut c_char,
    pub capacity: usize,
}

#[repr(C)]
pub struct tk_host_v1 {
    pub abi_minor: u32,
    pub struct_size: u32,
    pub ctx: *mut c_void,
    pub log: unsafe extern "C" fn(*const tk_host_v1, i32, tk_str),
    pub cancelled: unsafe extern "C" fn(*const tk_host_v1) -> i32,
    pub service: unsafe extern "C" fn(*const tk_host_v1, *const c_char) -> *const c_void,
    pub reserved: [*mut c_void; 4],
}

pub const TK_SERVICE_PROGRESS: &[u8] = b"tk.progress/1\0";

#[repr(C)]
pub struct tk_progress_v1 {
    pub ctx: *mut c_void,
    pub show: unsafe extern "C" fn(*const tk_progress_v1, tk_str, i64, i64),
    pub reserved: [*mut c_void; 2],
}

pub const TK_SERVICE_TOKENIZER: &[u8] = b"tk.tokenizer/1\0";

#[repr(C)]
pub struct tk_tokenizer_v1 {
    pub ctx: *mut c_void,
    pub encode: unsafe extern "C" fn(*const tk_tokenizer_v1, tk_str, *mut i32, usize) -> i64,
    pub decode:
        unsafe extern "C" fn(*const tk_tokenizer_v1, *const i32, usize, *mut c_char, usize) -> i64,
}

#[repr(C)]
pub struct tk_text_out_v1 {
    pub ctx: *mut c_void,
    pub write: unsafe extern "C" fn(*const tk_text_out_v1, tk_str),
}

pub const TK_SERVICE_GENERATE: &[u8] = b"tk.generate/1\0";
pub const TK_MODEL_CURRENT: i32 = 0;
pub const TK_MODEL_BASE: i32 = 1;
pub const TK_PROMPT_TEXT: i32 = 0;
pub const TK_PROMPT_MESSAGES: i32 = 1;

#[repr(C)]
pub struct tk_generation_v1 {
    pub model: i32,
    pub prompt_kind: i32,
    pub max_new_tokens: i32,
    pub top_k: i32,
    pub temperature: f32,
    pub top_p: f32,
    pub seed: u64,
    pub reserved: [*const c_void; 2],
}

#[repr(C)]
pub struct tk_answers_out_v1 {
    pub ctx: *mut c_void,
    pub answer: unsafe extern "C" fn(*const tk_answers_out_v1, usize, tk_str),
}

#[repr(C)]
pub struct tk_generate_v1 {
    pub ctx: *mut c_void,
    pub complete: unsafe extern "C" fn(
        *const tk_generate_v1,
        *const tk_generation_v1,
        *const tk_str,
        usize,
        *const tk_answers_out_v1,
        *mut tk_error,
    ) -> tk_status,
    pub log_likelihoods: unsafe extern "C" fn(
        *const tk_generate_v1,
        i32,
        i32,
        *const tk_str,
        *const tk_str,
        usize,
        *mut f64,
        *mut i64,
        *mut tk_error,
    ) -> tk_status,
    pub reserved: [*mut c_void; 4],
}

pub const TK_SERVICE_SCORE: &[u8] = b"tk.score/1\0";

#[repr(C)]
pub struct tk_score_v1 {
    pub ctx: *mut c_void,
    pub open: unsafe extern "C" fn(
        *const tk_score_v1,
        tk_str,
        tk_str,
        *mut i64,
        *mut tk_error,
    ) -> tk_status,
    pub scores: unsafe extern "C" fn(
        *const tk_score_v1,
        i64,
        i32,
        *const tk_str,
        *const tk_str,
        usize,
        *mut f64,
        *mut tk_error,
    ) -> tk_status,
    pub reserved: [*mut c_void; 4],
}

#[repr(C)]
pub struct tk_part_v1 {
    pub r#type: i32,
    pub reserved: u32,
    pub media: tk_str,
    pub value: tk_str,
}

#[repr(C)]
pub struct tk_example_out_v1 {
    pub ctx: *mut c_void,
    pub turn: unsafe extern "C" fn(
        *const tk_example_out_v1,
        i32,
        tk_str,
        *const tk_part_v1,
        usize,
    ) -> tk_status,
    pub metadata: unsafe extern "C" fn(*const tk_example_out_v1, tk_str) -> tk_status,
    pub choices: unsafe extern "C" fn(*const tk_example_out_v1, *const tk_str, usize) -> tk_status,
    pub tensor: unsafe extern "C" fn(
        *const tk_example_out_v1,
        tk_str,
        i32,
        *const i64,
        usize,
        *const c_void,
        usize,
    ) -> tk_status,
    /// None in a host older than ABI 1.4, as the next one.
    pub turn_details:
        Option<unsafe extern "C" fn(*const tk_example_out_v1, u32, tk_str) -> tk_status>,
    pub template_variables:
        Option<unsafe extern "C" fn(*const tk_example_out_v1, tk_str) -> tk_status>,
    /// None in a host older than ABI 1.5, which knows no pairs either.
    pub label: Option<unsafe extern "C" fn(*const tk_example_out_v1, i32) -> tk_status>,
    pub reserved: [*mut c_void; 1],
}

/// `create` of datasets and evaluators.
pub type create_for_split = unsafe extern "C" fn(
    *mut c_void,
    *const tk_host_v1,
    tk_str,
    tk_str,
    *mut *mut c_void,
    *mut tk_error,
) -> tk_status;

#[repr(C)]
pub struct tk_dataset_v1 {
    pub struct_size: u32,
    pub flags: u32,
    pub create: create_for_split,
    pub destroy: unsafe extern "C" fn(*mut c_void),
    pub count: unsafe extern "C" fn(*mut c_void) -> i64,
    pub read: unsafe extern "C" fn(
        *mut c_void,
        i64,
        i64,
        u64,
        *const tk_example_out_v1,
        *mut tk_error,
    ) -> tk_status,
    pub reserved: [*mut c_void; 2],
}

#[repr(C)]
pub struct tk_predictions_v1 {
    pub count: usize,
    pub indices: *const i64,
    pub texts: *const tk_str,
    pub examples_json: *const tk_str,
    pub references: *const tk_str,
    pub metadata_json: *const tk_str,
    pub choice_log_likelihoods: *const *const f64,
    pub choice_counts: *const usize,
    pub scores: *const *const f64,
    pub score_counts: *const usize,
    pub reserved: [*const c_void; 2],
}

#[repr(C)]
pub struct tk_evaluator_v1 {
    pub struct_size: u32,
    pub flags: u32,
    pub create: create_for_split,
    pub destroy: unsafe extern "C" fn(*mut c_void),
    pub evaluate: unsafe extern "C" fn(
        *mut c_void,
        *const tk_predictions_v1,
        *const tk_text_out_v1,
        *mut tk_error,
    ) -> tk_status,
    pub reserved: [*mut c_void; 4],
}

#[repr(C)]
pub struct tk_reward_facts_v1 {
    pub tokens: *const i64,
    pub truncated: *const u8,
    pub references: *const tk_str,
    pub reserved: [*const c_void; 5],
}

#[repr(C)]
pub struct tk_reward_batch_v1 {
    pub count: usize,
    pub prompts: *const tk_str,
    pub completions: *const tk_str,
    pub metadata_json: *const tk_str,
    pub groups: *const i32,
    pub facts: *const tk_reward_facts_v1,
    pub reserved: [*const c_void; 2],
}

#[repr(C)]
pub struct tk_reward_out_v1 {
    pub ctx: *mut c_void,
    pub scores: *mut f32,
    pub component:
        unsafe extern "C" fn(*const tk_reward_out_v1, tk_str, *const f32, usize) -> tk_status,
    pub abstain: unsafe extern "C" fn(*const tk_reward_out_v1, usize, tk_str) -> tk_status,
    pub reserved: [*mut c_void; 2],
}

#[repr(C)]
pub struct tk_reward_v1 {
    pub struct_size: u32,
    pub flags: u32,
    pub create: unsafe extern "C" fn(
        *mut c_void,
        *const tk_host_v1,
        tk_str,
        *mut *mut c_void,
        *mut tk_error,
    ) -> tk_status,
    pub destroy: unsafe extern "C" fn(*mut c_void),
    pub score: unsafe extern "C" fn(
        *mut c_void,
        *const tk_reward_batch_v1,
        *const tk_reward_out_v1,
        *mut tk_error,
    ) -> tk_status,
    pub reserved: [*mut c_void; 2],
}

#[repr(C)]
pub struct tk_task_v1 {
    pub struct_size: u32,
    pub flags: u32,
    pub describe:
        unsafe extern "C" fn(*mut c_void, *const tk_text_out_v1, *mut tk_error) -> tk_status,
    pub reserved: [*mut c_void; 6],
}

pub const TK_EXTENSION_DATASET_SOURCES: &[u8] = b"tk.dataset_sources/1\0";

#[repr(C)]
pub struct tk_dataset_sources_v1 {
    pub struct_size: u32,
    pub flags: u32,
    pub describe: unsafe extern "C" fn(
        tk_str,
        *mut c_void,
        *const tk_text_out_v1,
        *mut tk_error,
    ) -> tk_status,
    pub reserved: [*mut c_void; 4],
}

#[repr(C)]
pub struct tk_export_v1 {
    pub kind: i32,
    pub reserved: u32,
    pub name: *const c_char,
    pub summary: *const c_char,
    pub vtable: *const c_void,
    pub user: *mut c_void,
}

#[repr(C)]
pub struct tk_plugin_head {
    pub magic: u32,
    pub abi_major: u32,
    pub abi_minor: u32,
    pub struct_size: u32,
}

#[repr(C)]
pub struct tk_plugin_v1 {
    pub head: tk_plugin_head,
    pub name: *const c_char,
    pub version: *const c_char,
    pub built_with: *const c_char,
    pub export_count: usize,
    pub exports: *const tk_export_v1,
    pub extension: Option<unsafe extern "C" fn(*const c_char) -> *const c_void>,
    pub reserved: [*mut c_void; 4],
}
