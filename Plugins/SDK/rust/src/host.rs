//! The host's services.

use crate::abi::*;
use crate::error::caught;
use crate::{Error, Result};
use std::ffi::{c_char, c_void, CStr};
use std::marker::PhantomData;

pub(crate) fn str(text: &str) -> tk_str {
    tk_str { ptr: text.as_ptr().cast(), len: text.len() }
}

/// The text behind a `tk_str`; an error if it is not UTF-8.
///
/// # Safety
/// The text outlives what is made of it.
pub(crate) unsafe fn text<'a>(text: tk_str) -> Result<&'a str> {
    if text.ptr.is_null() {
        return Ok("");
    }
    let bytes = std::slice::from_raw_parts(text.ptr.cast::<u8>(), text.len);
    Ok(std::str::from_utf8(bytes)?)
}

/// A column of the host as a slice; null is empty.
///
/// # Safety
/// `start` is null or points to `count` elements that outlive the slice.
pub(crate) unsafe fn slice<'a, T>(start: *const T, count: usize) -> &'a [T] {
    if start.is_null() {
        return &[];
    }
    std::slice::from_raw_parts(start, count)
}

/// How important a line of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For the plugin's author.
    Debug = TK_LOG_DEBUG as isize,
    /// For the user.
    Info = TK_LOG_INFO as isize,
    /// Something is doubtful.
    Warn = TK_LOG_WARN as isize,
    /// Something failed.
    Error = TK_LOG_ERROR as isize,
}

/// The host's services, on any thread; valid as long as the process lives.
#[derive(Clone, Copy)]
pub struct Host(&'static tk_host_v1);

// The host promises that its functions may be called from any thread at any time.
unsafe impl Send for Host {}
unsafe impl Sync for Host {}

impl Host {
    pub(crate) unsafe fn new(table: *const tk_host_v1) -> Host {
        Host(&*table)
    }

    /// Writes a line to the host's log.
    pub fn log(&self, level: Level, message: &str) {
        unsafe { (self.0.log)(self.0, level as i32, str(message)) }
    }

    /// An error once the user asked to stop; long calls poll it with `?`.
    pub fn check_cancelled(&self) -> Result<()> {
        if unsafe { (self.0.cancelled)(self.0) } == 0 {
            return Ok(());
        }
        Err(Error { status: TK_E_CANCELLED, sentence: "cancelled".to_string() })
    }

    /// Says that `done` of `total` parts of the work `label` are done; the host shows a bar. As
    /// often as you like; nothing happens with a host older than ABI 1.3.
    pub fn progress(&self, label: &str, done: i64, total: i64) {
        let table = self.service(TK_SERVICE_PROGRESS).cast::<tk_progress_v1>();
        if let Some(table) = unsafe { table.as_ref() } {
            unsafe { (table.show)(table, str(label), done, total) }
        }
    }

    /// The model's tokenizer; none while the host has no model open.
    pub fn tokenizer(&self) -> Option<Tokenizer> {
        let table = self.service(TK_SERVICE_TOKENIZER).cast::<tk_tokenizer_v1>();
        unsafe { table.as_ref() }.map(Tokenizer)
    }

    /// The run's model; none while the host has no model open, or if it is older than ABI 1.1.
    pub fn generator(&self) -> Option<Generator> {
        let table = self.service(TK_SERVICE_GENERATE).cast::<tk_generate_v1>();
        unsafe { table.as_ref() }.map(|table| Generator(table, PhantomData))
    }

    /// The reward model in the folder `model`, with the adapter in the folder `adapter` if there is
    /// one. What is open already is not opened a second time. An error where there is no such model,
    /// and with a host older than ABI 1.6.
    pub fn reward_model(&self, model: &str, adapter: Option<&str>) -> Result<RewardModel> {
        let table = self.service(TK_SERVICE_SCORE).cast::<tk_score_v1>();
        let Some(table) = (unsafe { table.as_ref() }) else {
            let sentence = "this host opens no reward models (it may be older than ABI 1.6)";
            return Err(Error { status: TK_E_UNSUPPORTED, sentence: sentence.to_string() });
        };
        let mut number = 0;
        let adapter = adapter.unwrap_or("");
        checked(|error| unsafe {
            (table.open)(table, str(model), str(adapter), &mut number, error)
        })?;
        Ok(RewardModel { table, number })
    }

    fn service(&self, id: &[u8]) -> *const c_void {
        unsafe { (self.0.service)(self.0, id.as_ptr().cast()) }
    }
}

/// The model's tokenizer, on any thread.
#[derive(Clone, Copy)]
pub struct Tokenizer(&'static tk_tokenizer_v1);

// The host promises that its functions may be called from any thread at any time.
unsafe impl Send for Tokenizer {}
unsafe impl Sync for Tokenizer {}

impl Tokenizer {
    /// The ids of a text; none are added, special tokens in the text are read.
    pub fn encode(&self, text: &str) -> Result<Vec<i32>> {
        filled(text.len() + 1, 0, |ids, capacity| unsafe {
            (self.0.encode)(self.0, str(text), ids, capacity)
        })
    }

    /// The text of ids, special tokens written out.
    pub fn decode(&self, ids: &[i32]) -> Result<String> {
        let bytes = filled(8 * ids.len() + 1, 0u8, |utf8, capacity| unsafe {
            (self.0.decode)(self.0, ids.as_ptr(), ids.len(), utf8.cast(), capacity)
        })?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Calls once with a guessed capacity, and again if more is needed.
fn filled<T: Copy>(guess: usize, blank: T, call: impl Fn(*mut T, usize) -> i64) -> Result<Vec<T>> {
    let mut buffer = vec![blank; guess];
    loop {
        let needed = call(buffer.as_mut_ptr(), buffer.len());
        let Ok(needed) = usize::try_from(needed) else {
            let status = needed as tk_status;
            return Err(Error { status, sentence: "the tokenizer failed".to_string() });
        };
        let fits = needed <= buffer.len();
        buffer.resize(needed, blank);
        if fits {
            return Ok(buffer);
        }
    }
}

/// Which weights answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// The model as tuned so far.
    Current = TK_MODEL_CURRENT as isize,
    /// The model without its adapter.
    Base = TK_MODEL_BASE as isize,
}

/// What prompts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompts {
    /// Texts to go on with.
    Text = TK_PROMPT_TEXT as isize,
    /// JSON arrays of `{"role", "content"}`, put into the chat template.
    Messages = TK_PROMPT_MESSAGES as isize,
}

/// How to answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Generation {
    /// Which weights answer.
    pub model: Model,
    /// What the prompts are.
    pub prompts: Prompts,
    /// Answers end here at the latest; greater than 0.
    pub max_new_tokens: i32,
    /// 0: the likeliest token each time.
    pub temperature: f32,
    /// Sample from the k likeliest tokens; 0: from all.
    pub top_k: i32,
    /// Sample from the likeliest tokens that together reach p; 0 or 1: from all.
    pub top_p: f32,
    /// The same seed and prompt give the same answer.
    pub seed: u64,
}

impl Generation {
    /// Greedy answers of the current model to texts.
    pub fn greedy(max_new_tokens: i32) -> Generation {
        Generation {
            model: Model::Current,
            prompts: Prompts::Text,
            max_new_tokens,
            temperature: 0.0,
            top_k: 0,
            top_p: 0.0,
            seed: 0,
        }
    }
}

/// How likely the model finds a completion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogLikelihood {
    /// The natural logarithm of its probability, summed over its tokens.
    pub sum: f64,
    /// The number of its tokens.
    pub tokens: i64,
}

/// The run's model. To be asked within a call of the host and on that call's thread only, which is
/// why it is not `Send`: get it from [`Host::generator`] where it is needed.
pub struct Generator(&'static tk_generate_v1, PhantomData<*const ()>);

impl Generator {
    /// One answer for each prompt, in order, without special tokens.
    pub fn complete(&self, prompts: &[&str], how: &Generation) -> Result<Vec<String>> {
        let how = tk_generation_v1 {
            model: how.model as i32,
            prompt_kind: how.prompts as i32,
            max_new_tokens: how.max_new_tokens,
            top_k: how.top_k,
            temperature: how.temperature,
            top_p: how.top_p,
            seed: how.seed,
            reserved: [std::ptr::null(); 2],
        };
        let texts: Vec<tk_str> = prompts.iter().map(|prompt| str(prompt)).collect();
        let mut answers = vec![String::new(); prompts.len()];
        let out = tk_answers_out_v1 { ctx: (&mut answers as *mut Vec<String>).cast(), answer };
        checked(|error| unsafe {
            (self.0.complete)(self.0, &how, texts.as_ptr(), texts.len(), &out, error)
        })?;
        Ok(answers)
    }

    /// How likely `model` finds each completion after its prompt.
    pub fn log_likelihoods(
        &self,
        pairs: &[(&str, &str)],
        model: Model,
        prompts: Prompts,
    ) -> Result<Vec<LogLikelihood>> {
        let before: Vec<tk_str> = pairs.iter().map(|(prompt, _)| str(prompt)).collect();
        let after: Vec<tk_str> = pairs.iter().map(|(_, completion)| str(completion)).collect();
        let mut sums = vec![0.0; pairs.len()];
        let mut tokens = vec![0; pairs.len()];
        checked(|error| unsafe {
            (self.0.log_likelihoods)(
                self.0,
                model as i32,
                prompts as i32,
                before.as_ptr(),
                after.as_ptr(),
                pairs.len(),
                sums.as_mut_ptr(),
                tokens.as_mut_ptr(),
                error,
            )
        })?;
        let both = sums.into_iter().zip(tokens);
        Ok(both.map(|(sum, tokens)| LogLikelihood { sum, tokens }).collect())
    }
}

/// A reward model that was trained before. To be asked within a call of the host and on that call's
/// thread only.
pub struct RewardModel {
    table: &'static tk_score_v1,
    number: i64,
}

// The host itself refuses calls on other threads than those of its own calls.
unsafe impl Send for RewardModel {}
unsafe impl Sync for RewardModel {}

impl RewardModel {
    /// What the model scores each completion as the answer to its prompt.
    pub fn scores(&self, pairs: &[(&str, &str)], prompts: Prompts) -> Result<Vec<f64>> {
        let before: Vec<tk_str> = pairs.iter().map(|(prompt, _)| str(prompt)).collect();
        let after: Vec<tk_str> = pairs.iter().map(|(_, completion)| str(completion)).collect();
        let mut scores = vec![0.0; pairs.len()];
        checked(|error| unsafe {
            (self.table.scores)(
                self.table,
                self.number,
                prompts as i32,
                before.as_ptr(),
                after.as_ptr(),
                pairs.len(),
                scores.as_mut_ptr(),
                error,
            )
        })?;
        Ok(scores)
    }
}

/// Takes one answer; called by the host on the thread that waits in `complete`.
unsafe extern "C" fn answer(out: *const tk_answers_out_v1, index: usize, answer: tk_str) {
    let _ = caught(|| {
        let answers = &mut *(*out).ctx.cast::<Vec<String>>();
        if let Some(place) = answers.get_mut(index) {
            *place = text(answer)?.to_string();
        }
        Ok(())
    });
}

/// Calls a function of the host that reports failures through `tk_error`.
pub(crate) fn checked(call: impl FnOnce(*mut tk_error) -> tk_status) -> Result<tk_status> {
    let mut buffer = [0 as c_char; 1024];
    let mut error = tk_error { text: buffer.as_mut_ptr(), capacity: buffer.len() };
    let status = call(&mut error);
    if status >= 0 {
        return Ok(status);
    }
    buffer[buffer.len() - 1] = 0;
    let sentence = unsafe { CStr::from_ptr(buffer.as_ptr()) }.to_string_lossy().into_owned();
    Err(Error { status, sentence })
}

#[cfg(test)]
mod tests;
