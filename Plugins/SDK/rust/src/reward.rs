//! Rewards: scores for completions. A metric is a reward of weight 0.

use crate::abi::*;
use crate::error::caught;
use crate::host::{slice, str, text};
use crate::{Error, Host, Json, Result};

/// One completion to score.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// What the model was asked.
    pub prompt: &'a str,
    /// What it answered.
    pub completion: &'a str,
    /// The row's metadata: a JSON object.
    pub metadata_json: &'a str,
    /// The same prompt has the same number.
    pub group: Option<i32>,
    /// How many tokens the model wrote, the one that ended the completion included; not known to a
    /// host before ABI 1.6.
    pub tokens: Option<i64>,
    /// Whether the completion was cut off at the limit of tokens.
    pub truncated: bool,
    /// The row's own answer, where it has one.
    pub reference: Option<&'a str>,
}

impl Sample<'_> {
    /// The row's metadata, parsed.
    pub fn metadata(&self) -> Result<Json> {
        Json::parse(self.metadata_json).map_err(|error| error.at("metadata"))
    }
}

/// A score with named components, or the reason why there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    value: std::result::Result<f32, String>,
    components: Vec<(String, f32)>,
}

impl Score {
    /// A score; it must be finite.
    pub fn new(value: f64) -> Score {
        Score { value: Ok(value as f32), components: Vec::new() }
    }

    /// No score, and why.
    pub fn abstain(reason: impl Into<String>) -> Score {
        Score { value: Err(reason.into()), components: Vec::new() }
    }

    /// The same with a named part of the score.
    pub fn with(mut self, name: impl Into<String>, part: f64) -> Score {
        self.components.push((name.into(), part as f32));
        self
    }
}

/// Scores completions. Calls on one instance may overlap.
pub trait Reward: Sized + Send + Sync + 'static {
    /// Makes the reward from its configuration, an object of the recipe.
    fn new(config: &Json, host: Host) -> Result<Self>;

    /// The score of one completion. Errors and panics are reported with the sample's index.
    fn score(&self, sample: &Sample) -> Result<Score>;

    /// The scores of a batch, in its order; for rewards that score samples better together.
    fn score_batch(&self, samples: &[Sample]) -> Result<Vec<Score>> {
        let each = samples.iter().enumerate();
        each.map(|(i, sample)| {
            caught(|| self.score(sample)).map_err(|error| error.at(format!("sample {i}")))
        })
        .collect()
    }
}

/// # Safety
/// The batch is the host's, and outlives the samples.
pub(crate) unsafe fn samples<'a>(batch: &tk_reward_batch_v1) -> Result<Vec<Sample<'a>>> {
    let prompts = slice(batch.prompts, batch.count);
    let completions = slice(batch.completions, batch.count);
    let metadata = slice(batch.metadata_json, batch.count);
    let groups = slice(batch.groups, batch.count);
    let facts = batch.facts.as_ref();
    let tokens = facts.map_or(&[][..], |facts| slice(facts.tokens, batch.count));
    let truncated = facts.map_or(&[][..], |facts| slice(facts.truncated, batch.count));
    let references = facts.map_or(&[][..], |facts| slice(facts.references, batch.count));
    (0..batch.count)
        .map(|i| {
            let reference = references.get(i).filter(|reference| !reference.ptr.is_null());
            Ok(Sample {
                prompt: text(prompts[i])?,
                completion: text(completions[i])?,
                metadata_json: text(metadata[i])?,
                group: groups.get(i).copied(),
                tokens: tokens.get(i).copied().filter(|count| *count >= 0),
                truncated: truncated.get(i).is_some_and(|flag| *flag != 0),
                reference: reference.map(|reference| text(*reference)).transpose()?,
            })
        })
        .collect()
}

/// Hands the scores to the host: components as columns, NaN where a sample has none.
///
/// # Safety
/// `out` is the host's sink for `count` samples.
pub(crate) unsafe fn write(
    scores: &[Score],
    out: &tk_reward_out_v1,
    count: usize,
) -> Result<tk_status> {
    if scores.len() != count {
        return Err(Error::internal(format!("{} scores for {count} samples", scores.len())));
    }
    let mut columns: Vec<(&str, Vec<f32>)> = Vec::new();
    for (i, score) in scores.iter().enumerate() {
        match &score.value {
            Ok(value) => *out.scores.add(i) = *value,
            Err(reason) => accepted((out.abstain)(out, i, str(reason)))?,
        }
        for (name, part) in &score.components {
            let known = columns.iter().position(|(known, _)| known == name);
            let column = known.unwrap_or_else(|| {
                columns.push((name, vec![f32::NAN; count]));
                columns.len() - 1
            });
            columns[column].1[i] = *part;
        }
    }
    for (name, values) in &columns {
        accepted((out.component)(out, str(name), values.as_ptr(), count))?;
    }
    Ok(TK_OK)
}

/// An error for what the host's sink does not accept; the host knows the reason.
pub(crate) fn accepted(status: tk_status) -> Result<()> {
    if status == TK_OK {
        return Ok(());
    }
    Err(Error { status, sentence: "the host did not accept it".to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr::null;

    #[test]
    fn facts_reach_the_author() {
        let texts = [str("a"), str("b")];
        let references = [str("ab"), tk_str { ptr: null(), len: 0 }];
        let (tokens, truncated) = ([3, -1], [1, 0]);
        let facts = tk_reward_facts_v1 {
            tokens: tokens.as_ptr(),
            truncated: truncated.as_ptr(),
            references: references.as_ptr(),
            reserved: [null(); 5],
        };
        let texts = texts.as_ptr();
        let mut batch = tk_reward_batch_v1 {
            count: 2,
            prompts: texts,
            completions: texts,
            metadata_json: texts,
            groups: null(),
            facts: &facts,
            reserved: [null(); 2],
        };
        let known = unsafe { samples(&batch) }.unwrap();
        assert_eq!((known[0].tokens, known[0].truncated), (Some(3), true));
        assert_eq!((known[1].tokens, known[1].truncated), (None, false));
        assert_eq!((known[0].reference, known[1].reference), (Some("ab"), None));
        batch.facts = null();
        let unknown = unsafe { samples(&batch) }.unwrap();
        assert_eq!((unknown[0].tokens, unknown[0].reference), (None, None));
    }
}
