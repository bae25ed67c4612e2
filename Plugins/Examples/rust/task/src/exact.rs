//! The task's evaluator: the share of answers that are the reference, word for word.

use taskkit::{Error, Evaluator, Host, Json, Prediction, Report, Result, Split};

pub struct Exact;

impl Evaluator for Exact {
    fn new(_config: &Json, _split: Split, _host: Host) -> Result<Self> {
        Ok(Exact)
    }

    // snippet: evaluate
    fn evaluate(&self, predictions: &[Prediction]) -> Result<Report> {
        let (mut exact, mut echo) = (0, 0);
        for each in predictions {
            let missing = || Error::data(format!("row {} has no reference", each.index));
            let reference = each.reference.ok_or_else(missing)?;
            exact += usize::from(each.text.trim() == reference);
            echo += usize::from(first_word(&prompt(&each.example()?)) == reference);
        }
        let count = predictions.len();
        let share = |right: usize| right as f64 / count.max(1) as f64;
        Ok(Report::new(count, "exact").metric("exact", share(exact), count).baseline(
            "echo",
            "exact",
            share(echo),
        ))
    }
    // end snippet
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or("")
}

/// The first text of the row's first user turn.
fn prompt(example: &Json) -> String {
    let elements =
        |json: &Json, key| json.get(key).and_then(Json::as_array).unwrap_or(&[]).to_vec();
    let is_user = |turn: &Json| turn.get("role").and_then(Json::as_str) == Some("user");
    let turn = elements(example, "turns").into_iter().find(is_user).unwrap_or(Json::Null);
    let parts = elements(&turn, "parts");
    let mut texts = parts.iter().filter_map(|part| part.get("text").and_then(Json::as_str));
    texts.next().unwrap_or("").to_string()
}
