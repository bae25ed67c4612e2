//! The services, with a tokenizer of bytes (three ids each) and a model that repeats its prompt.

use super::*;
use std::ffi::CStr;
use std::ptr::null_mut;

struct Table<T>(T);

// The tables are constant.
unsafe impl<T> Sync for Table<T> {}

static TOKENIZER: Table<tk_tokenizer_v1> =
    Table(tk_tokenizer_v1 { ctx: null_mut(), encode, decode });

static GENERATE: Table<tk_generate_v1> =
    Table(tk_generate_v1 { ctx: null_mut(), complete, log_likelihoods, reserved: [null_mut(); 4] });

static PROGRESS: Table<tk_progress_v1> =
    Table(tk_progress_v1 { ctx: null_mut(), show, reserved: [null_mut(); 2] });

static SHOWN: std::sync::Mutex<Vec<(String, i64, i64)>> = std::sync::Mutex::new(Vec::new());

unsafe extern "C" fn show(_: *const tk_progress_v1, label: tk_str, done: i64, total: i64) {
    SHOWN.lock().unwrap().push((text(label).unwrap().to_string(), done, total));
}

static HOST: Table<tk_host_v1> = Table(tk_host_v1 {
    abi_minor: TK_ABI_MINOR,
    struct_size: 72,
    ctx: null_mut(),
    log,
    cancelled,
    service,
    reserved: [null_mut(); 4],
});

unsafe extern "C" fn log(_: *const tk_host_v1, level: i32, message: tk_str) {
    assert_eq!((level, text(message).unwrap()), (TK_LOG_WARN, "careful"));
}

unsafe extern "C" fn cancelled(_: *const tk_host_v1) -> i32 {
    1
}

unsafe extern "C" fn service(_: *const tk_host_v1, id: *const c_char) -> *const c_void {
    match CStr::from_ptr(id).to_bytes() {
        b"tk.tokenizer/1" => (&TOKENIZER.0 as *const tk_tokenizer_v1).cast(),
        b"tk.progress/1" => (&PROGRESS.0 as *const tk_progress_v1).cast(),
        b"tk.generate/1" => (&GENERATE.0 as *const tk_generate_v1).cast(),
        _ => std::ptr::null(),
    }
}

unsafe extern "C" fn encode(
    _: *const tk_tokenizer_v1,
    words: tk_str,
    ids: *mut i32,
    capacity: usize,
) -> i64 {
    let bytes = text(words).unwrap().as_bytes();
    for i in 0..capacity.min(3 * bytes.len()) {
        *ids.add(i) = i32::from(bytes[i / 3]);
    }
    3 * bytes.len() as i64
}

unsafe extern "C" fn decode(
    _: *const tk_tokenizer_v1,
    ids: *const i32,
    count: usize,
    utf8: *mut c_char,
    capacity: usize,
) -> i64 {
    let ids = slice(ids, count);
    if ids.iter().any(|id| *id < 0) {
        return i64::from(TK_E_DATA);
    }
    for (i, id) in ids.iter().enumerate().take(capacity) {
        *utf8.add(i) = *id as c_char;
    }
    count as i64
}

unsafe extern "C" fn complete(
    _: *const tk_generate_v1,
    how: *const tk_generation_v1,
    prompts: *const tk_str,
    count: usize,
    out: *const tk_answers_out_v1,
    error: *mut tk_error,
) -> tk_status {
    if (*how).max_new_tokens <= 0 {
        let sentence = b"no room to answer\0";
        std::ptr::copy_nonoverlapping(sentence.as_ptr().cast(), (*error).text, sentence.len());
        return TK_E_DATA;
    }
    for (i, prompt) in slice(prompts, count).iter().enumerate() {
        ((*out).answer)(out, i, *prompt);
    }
    ((*out).answer)(out, count, str("an answer to a prompt that nobody asked"));
    TK_OK
}

unsafe extern "C" fn log_likelihoods(
    _: *const tk_generate_v1,
    model: i32,
    _: i32,
    _: *const tk_str,
    completions: *const tk_str,
    count: usize,
    sums: *mut f64,
    tokens: *mut i64,
    _: *mut tk_error,
) -> tk_status {
    for (i, completion) in slice(completions, count).iter().enumerate() {
        *sums.add(i) = -(completion.len as f64) - f64::from(model);
        *tokens.add(i) = completion.len as i64;
    }
    TK_OK
}

#[test]
fn the_host_is_asked() {
    let host = unsafe { Host::new(&HOST.0) };
    host.log(Level::Warn, "careful");
    host.progress("reading", 1, 2);
    assert_eq!(*SHOWN.lock().unwrap(), [("reading".to_string(), 1, 2)]);
    assert_eq!(host.check_cancelled().unwrap_err().status, TK_E_CANCELLED);
}

#[test]
fn a_tokenizer_gets_the_room_that_it_needs() {
    let tokenizer = unsafe { Host::new(&HOST.0) }.tokenizer().unwrap();
    assert_eq!(tokenizer.encode("ab").unwrap(), [97, 97, 97, 98, 98, 98]);
    assert_eq!(tokenizer.encode("").unwrap(), []);
    assert_eq!(tokenizer.decode(&[104, 105]).unwrap(), "hi");
    assert_eq!(tokenizer.decode(&[-1]).unwrap_err().status, TK_E_DATA);
}

#[test]
fn the_model_answers_in_order() {
    let model = unsafe { Host::new(&HOST.0) }.generator().unwrap();
    assert_eq!(model.complete(&["a", "b"], &Generation::greedy(4)).unwrap(), ["a", "b"]);
    let error = model.complete(&["a"], &Generation::greedy(0)).unwrap_err();
    assert_eq!((error.status, &*error.sentence), (TK_E_DATA, "no room to answer"));
    let pairs = [("a", "xy"), ("b", "z")];
    let made = model.log_likelihoods(&pairs, Model::Base, Prompts::Text).unwrap();
    assert_eq!(made[0], LogLikelihood { sum: -3.0, tokens: 2 });
    assert_eq!(made[1], LogLikelihood { sum: -2.0, tokens: 1 });
}
