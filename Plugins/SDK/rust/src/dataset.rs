//! Datasets: rows by random access, so that the host shuffles, shards and resumes.

use crate::abi::*;
use crate::host::str;
use crate::reward::accepted;
use crate::{Error, Host, Json, Result};

/// A part of a task's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// To learn from.
    Train,
    /// To choose by.
    Validation,
    /// To report once.
    Test,
}

impl Split {
    pub(crate) fn named(name: &str) -> Option<Split> {
        match name {
            "train" => Some(Split::Train),
            "validation" => Some(Split::Validation),
            "test" => Some(Split::Test),
            _ => None,
        }
    }
}

/// A piece of a turn.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text.
    Text(String),
    /// One of the row's tensors, as "audio" or "image".
    Media {
        /// What it is.
        kind: String,
        /// The tensor's name.
        tensor: String,
    },
}

/// Which conversation a turn belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Conversation = TK_SECTION_CONVERSATION as isize,
    Chosen = TK_SECTION_CHOSEN as isize,
    Rejected = TK_SECTION_REJECTED as isize,
}

/// A turn, what its message has beside role and content, and whether it is trained.
#[derive(Clone, Debug)]
struct Turn {
    section: Section,
    role: String,
    parts: Vec<Part>,
    members: Option<Json>,
    is_trained: bool,
}

#[derive(Clone, Debug)]
struct Tensor {
    name: String,
    shape: Vec<i64>,
    values: Vec<f32>,
}

/// One row: `Row::new().user("2 + 2?").assistant("4")`.
#[derive(Clone, Debug, Default)]
pub struct Row {
    turns: Vec<Turn>,
    variables: Option<Json>,
    metadata: Option<Json>,
    choices: Vec<String>,
    tensors: Vec<Tensor>,
    label: Option<bool>,
}

impl Row {
    /// A row without turns; the host wants at least one.
    pub fn new() -> Row {
        Row::default()
    }

    /// Appends a system turn.
    pub fn system(self, text: impl Into<String>) -> Row {
        self.turn("system", vec![Part::Text(text.into())])
    }

    /// Appends a user turn.
    pub fn user(self, text: impl Into<String>) -> Row {
        self.turn("user", vec![Part::Text(text.into())])
    }

    /// Appends an assistant turn.
    pub fn assistant(self, text: impl Into<String>) -> Row {
        self.turn("assistant", vec![Part::Text(text.into())])
    }

    /// Appends a turn of several parts; role: "system", "developer", "user",
    /// "assistant" or "tool".
    pub fn turn(self, role: &str, parts: Vec<Part>) -> Row {
        self.add(Section::Conversation, role, parts)
    }

    /// Appends the preferred answer of a pair, whose prompt the other turns are. A pair needs a host
    /// of ABI 1.5.
    pub fn chosen(self, text: impl Into<String>) -> Row {
        self.chosen_turn("assistant", vec![Part::Text(text.into())])
    }

    /// Appends the other answer of a pair.
    pub fn rejected(self, text: impl Into<String>) -> Row {
        self.rejected_turn("assistant", vec![Part::Text(text.into())])
    }

    /// Appends a turn of the preferred answer, where it has several; the first is the assistant's.
    pub fn chosen_turn(self, role: &str, parts: Vec<Part>) -> Row {
        self.add(Section::Chosen, role, parts)
    }

    /// Appends a turn of the other answer, where it has several.
    pub fn rejected_turn(self, role: &str, parts: Vec<Part>) -> Row {
        self.add(Section::Rejected, role, parts)
    }

    /// Says whether the conversation's answer is a wanted one. Needs a host of ABI 1.5.
    pub fn label(mut self, is_wanted: bool) -> Row {
        self.label = Some(is_wanted);
        self
    }

    /// Says what the message of the turn that was appended last has beside role and content, as the
    /// chat template is to see it: an object (`tool_calls`, `reasoning_content`, …). Needs a host of
    /// ABI 1.4.
    pub fn members(mut self, object: Json) -> Row {
        if let Some(turn) = self.turns.last_mut() {
            turn.members = Some(object);
        }
        self
    }

    /// Says that the turn that was appended last is not trained. Needs a host of ABI 1.4.
    pub fn untrained(mut self) -> Row {
        if let Some(turn) = self.turns.last_mut() {
            turn.is_trained = false;
        }
        self
    }

    /// Sets what the chat template reads beside the messages: an object (`tools`, …). Needs a host of
    /// ABI 1.4.
    pub fn template_variables(mut self, object: Json) -> Row {
        self.variables = Some(object);
        self
    }

    /// Sets what the evaluator gets back beside the prediction: an object.
    pub fn metadata(mut self, object: Json) -> Row {
        self.metadata = Some(object);
        self
    }

    /// Sets the endings whose log-likelihoods the host scores.
    pub fn choices(mut self, texts: Vec<String>) -> Row {
        self.choices = texts;
        self
    }

    /// Adds a tensor, row-major.
    pub fn tensor(mut self, name: &str, shape: &[i64], values: Vec<f32>) -> Row {
        self.tensors.push(Tensor { name: name.to_string(), shape: shape.to_vec(), values });
        self
    }

    fn add(mut self, section: Section, role: &str, parts: Vec<Part>) -> Row {
        let role = role.to_string();
        self.turns.push(Turn { section, role, parts, members: None, is_trained: true });
        self
    }

    /// # Safety
    /// `sink` is the host's.
    pub(crate) unsafe fn write(&self, sink: &tk_example_out_v1) -> Result<()> {
        for turn in &self.turns {
            let parts: Vec<tk_part_v1> = turn.parts.iter().map(part).collect();
            if turn.section != Section::Conversation {
                sink.label.ok_or_else(|| older("1.5"))?;
            }
            let (section, role) = (turn.section as i32, str(&turn.role));
            accepted((sink.turn)(sink, section, role, parts.as_ptr(), parts.len()))?;
            if turn.members.is_none() && turn.is_trained {
                continue;
            }
            let details = sink.turn_details.ok_or_else(|| older("1.4"))?;
            let members = turn.members.as_ref().map(Json::to_string).unwrap_or_default();
            let flags = if turn.is_trained { 0 } else { TK_TURN_UNTRAINED };
            accepted(details(sink, flags, str(&members)))?;
        }
        if let Some(is_wanted) = self.label {
            let set = sink.label.ok_or_else(|| older("1.5"))?;
            accepted(set(sink, is_wanted.into()))?;
        }
        if let Some(variables) = &self.variables {
            let set = sink.template_variables.ok_or_else(|| older("1.4"))?;
            accepted(set(sink, str(&variables.to_string())))?;
        }
        if let Some(metadata) = &self.metadata {
            accepted((sink.metadata)(sink, str(&metadata.to_string())))?;
        }
        if !self.choices.is_empty() {
            let choices: Vec<tk_str> = self.choices.iter().map(|text| str(text)).collect();
            accepted((sink.choices)(sink, choices.as_ptr(), choices.len()))?;
        }
        for Tensor { name, shape, values } in &self.tensors {
            let (data, bytes) = (values.as_ptr().cast(), std::mem::size_of_val(&values[..]));
            let rank = shape.len();
            accepted((sink.tensor)(sink, str(name), TK_F32, shape.as_ptr(), rank, data, bytes))?;
        }
        Ok(())
    }
}

/// Why a row cannot be handed to a host of an earlier minor version.
fn older(version: &str) -> Error {
    Error::unsupported(format!("needs a host of ABI {version} or newer"))
}

fn part(part: &Part) -> tk_part_v1 {
    let (r#type, media, value) = match part {
        Part::Text(text) => (TK_PART_TEXT, "", text),
        Part::Media { kind, tensor } => (TK_PART_MEDIA, kind.as_str(), tensor),
    };
    tk_part_v1 { r#type, reserved: 0, media: str(media), value: str(value) }
}

/// Rows by random access. Calls on one instance may overlap.
pub trait Dataset: Sized + Send + Sync + 'static {
    /// Makes the rows of a split from the recipe's data section; none: there is no such split.
    fn new(config: &Json, split: Split, host: Host) -> Result<Option<Self>>;

    /// The number of rows, constant.
    fn count(&self) -> usize;

    /// Row `index`: a pure function of (index, epoch, seed).
    fn row(&self, index: usize, epoch: i64, seed: u64) -> Result<Row>;

    /// Every file whose content decides the rows, beside the configuration, the split and the seed;
    /// a folder stands for the names in it. The host then keeps the rows that it has encoded for as
    /// long as these files stay as they are. None: not known, every row is read anew.
    fn sources(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether a row may differ from epoch to epoch.
    fn varies_by_epoch(&self) -> bool {
        true
    }

    /// Sentences about the rows that the user should read before each run, and in `data audit`.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// File and line of each row, which the host's errors about a row begin with. None: not known.
    fn places(&self) -> Vec<String> {
        Vec::new()
    }
}
