//! A task in Rust: say in one word what was said three times.
#![forbid(unsafe_code)]

mod exact;
mod rows;

use exact::Exact;
use rows::Rows;
use taskkit::{Export, Json};

// snippet: task
fn task() -> Export {
    let arguments = Json::object([("max_length", 64.into())]);
    taskkit::task(
        "brevity",
        "Say once what was said three times.",
        "brevity.rows",
        Some("brevity.exact"),
        Json::object([("training_args", arguments)]),
    )
}
// end snippet

// snippet: entry
taskkit::plugin! {
    name: "brevity", version: env!("CARGO_PKG_VERSION"),
    exports: [
        task(),
        taskkit::dataset::<Rows>("brevity.rows", "Words said three times."),
        taskkit::evaluator::<Exact>("brevity.exact", "The share of exact answers."),
    ]
}
// end snippet
