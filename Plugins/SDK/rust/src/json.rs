//! JSON (RFC 8259): a strict parser for configurations and rows, and a writer.

mod parser;

use crate::{Error, Result};
use std::fmt;

/// A JSON value. Integers that fit 64 bits stay exact; members keep their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number without fraction and exponent.
    Int(i64),
    /// Any other number; finite.
    Float(f64),
    /// A text.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object; no key stands there twice.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Parses one value. The error says what is wrong at which byte.
    pub fn parse(text: &str) -> Result<Json> {
        parser::parse(text)
    }

    /// The member of that key, if this is an object that has one.
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The member of that key; a configuration error that names the key if it is absent.
    pub fn require(&self, key: &str) -> Result<&Json> {
        self.get(key).ok_or_else(|| Error::config(format!("'{key}' is required")))
    }

    /// A configuration error if this is no object, or has a key that is none of these:
    /// `unknown key 'tagret'; known: 'target'`.
    pub fn only(&self, keys: &[&str]) -> Result<()> {
        self.check(keys, &[])
    }

    /// The same for the configuration of a dataset, which may hold keys of the host's own as well.
    pub fn only_data(&self, keys: &[&str]) -> Result<()> {
        self.check(keys, &["seed", "shuffle", "test", "train", "validation"])
    }

    fn check(&self, keys: &[&str], others: &[&str]) -> Result<()> {
        let Json::Object(members) = self else {
            return Err(Error::config("the configuration must be an object"));
        };
        let is_known = |key: &str| keys.contains(&key) || others.contains(&key);
        let Some((unknown, _)) = members.iter().find(|(key, _)| !is_known(key)) else {
            return Ok(());
        };
        let known: Vec<String> = keys.iter().map(|key| format!("'{key}'")).collect();
        let known = if known.is_empty() { "none".to_string() } else { known.join(", ") };
        Err(Error::config(format!("unknown key '{unknown}'; known: {known}")))
    }

    /// The integer, if this is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Json::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, if this is one.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Json::Int(value) => Some(*value as f64),
            Json::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The truth value, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Json::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, if this is an array.
    pub fn as_array(&self) -> Option<&[Json]> {
        match self {
            Json::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// An object of these members.
    pub fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
        Json::Object(members.into_iter().map(|(key, value)| (key.to_string(), value)).collect())
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::String(text.to_string())
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Json {
        Json::Int(value)
    }
}

impl From<f64> for Json {
    fn from(value: f64) -> Json {
        Json::Float(value)
    }
}

/// Writes the value as JSON; a number that is not finite becomes `null`.
impl fmt::Display for Json {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Null => out.write_str("null"),
            Json::Bool(value) => write!(out, "{value}"),
            Json::Int(value) => write!(out, "{value}"),
            Json::Float(value) if value.is_finite() => write!(out, "{value:?}"),
            Json::Float(_) => out.write_str("null"),
            Json::String(text) => quote(text, out),
            Json::Array(elements) => {
                out.write_str("[")?;
                for (i, element) in elements.iter().enumerate() {
                    write!(out, "{}{element}", if i > 0 { ", " } else { "" })?;
                }
                out.write_str("]")
            }
            Json::Object(members) => {
                out.write_str("{")?;
                for (i, (key, value)) in members.iter().enumerate() {
                    out.write_str(if i > 0 { ", " } else { "" })?;
                    quote(key, out)?;
                    write!(out, ": {value}")?;
                }
                out.write_str("}")
            }
        }
    }
}

fn quote(text: &str, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    out.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(out, "\\{c}")?,
            c if c < ' ' => write!(out, "\\u{:04x}", c as u32)?,
            c => write!(out, "{c}")?,
        }
    }
    out.write_str("\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let text = r#" {"a": [1, -2.5e1, true, null], "b\u00e9": "\ud83d\ude00\"\n", "c": {}} "#;
        let json = Json::parse(text).unwrap();
        assert_eq!(json.get("a").unwrap().as_array().unwrap()[1].as_float(), Some(-25.0));
        assert_eq!(json.get("bé").unwrap().as_str(), Some("😀\"\n"));
        assert_eq!(Json::parse(&json.to_string()).unwrap(), json);
        assert_eq!(Json::parse("9223372036854775807").unwrap(), Json::Int(i64::MAX));
        assert_eq!(Json::parse("9223372036854775808").unwrap(), Json::Float(9223372036854775808.0));
    }

    #[test]
    fn unknown_keys() {
        let sentence = |result: Result<()>| result.unwrap_err().sentence;
        let json = Json::parse(r#"{"a": 1, "s\u0065ed": 7}"#).unwrap();
        assert_eq!(json.only(&["seed", "a"]), Ok(()));
        assert_eq!(json.only_data(&["a"]), Ok(()));
        assert_eq!(sentence(json.only(&["a", "b"])), "unknown key 'seed'; known: 'a', 'b'");
        assert_eq!(sentence(json.only_data(&[])), "unknown key 'a'; known: none");
        assert_eq!(sentence(Json::Null.only(&[])), "the configuration must be an object");
    }

    #[test]
    fn garbage() {
        let deep = "[".repeat(100);
        for text in [
            "",
            "{",
            "[1,]",
            "[,1]",
            "{\"a\" 1}",
            "{\"a\": 1,}",
            "{a: 1}",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "nul",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\\udc00\"",
            "\"\\ud800\\u0041\"",
            "\"\\u12g4\"",
            "\"a\nb\"",
            "\"a",
            "1 2",
            "{\"a\": 1, \"a\": 2}",
            "1e999",
            "-",
            "\"\\u00é\"",
            &deep,
        ] {
            assert!(Json::parse(text).is_err(), "{text}");
        }
    }
}
