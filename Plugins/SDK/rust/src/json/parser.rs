//! The parser behind [`Json::parse`].

use super::Json;
use crate::{Error, Result};

/// Arrays and objects nested deeper than this are refused, so that the stack is bounded.
const MAX_DEPTH: usize = 64;

/// Parses one value.
pub(super) fn parse(text: &str) -> Result<Json> {
    let mut parser = Parser { text, at: 0 };
    let value = parser.value(0)?;
    parser.space();
    if parser.at < text.len() {
        return parser.fail("nothing more is expected");
    }
    Ok(value)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn fail<T>(&self, what: &str) -> Result<T> {
        Err(Error::data(format!("not JSON: {what} at byte {}", self.at)))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json> {
        self.space();
        if depth > MAX_DEPTH {
            return self.fail("nested too deeply");
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Json::String(self.string()?)),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.fail("a value is expected"),
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json> {
        if !self.text[self.at..].starts_with(word) {
            return self.fail("a value is expected");
        }
        self.at += word.len();
        Ok(value)
    }

    fn object(&mut self, depth: usize) -> Result<Json> {
        let mut members: Vec<(String, Json)> = Vec::new();
        self.at += 1;
        self.space();
        while !self.take(b'}') {
            if !members.is_empty() && !self.take(b',') {
                return self.fail("',' or '}' is expected");
            }
            self.space();
            let key = self.string()?;
            if members.iter().any(|(known, _)| *known == key) {
                return self.fail(&format!("the key '{key}' is repeated"));
            }
            self.space();
            if !self.take(b':') {
                return self.fail("':' is expected");
            }
            members.push((key, self.value(depth + 1)?));
            self.space();
        }
        Ok(Json::Object(members))
    }

    fn array(&mut self, depth: usize) -> Result<Json> {
        let mut elements = Vec::new();
        self.at += 1;
        self.space();
        while !self.take(b']') {
            if !elements.is_empty() && !self.take(b',') {
                return self.fail("',' or ']' is expected");
            }
            elements.push(self.value(depth + 1)?);
            self.space();
        }
        Ok(Json::Array(elements))
    }

    fn digits(&mut self) -> Result<()> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return self.fail("a digit is expected");
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Json> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        let whole = self.at;
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        let text = &self.text[start..self.at];
        if let (true, Ok(value)) = (self.at == whole, text.parse()) {
            return Ok(Json::Int(value));
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Json::Float(value)),
            _ => self.fail("the number is too large"),
        }
    }

    fn string(&mut self) -> Result<String> {
        if !self.take(b'"') {
            return self.fail("'\"' is expected");
        }
        let mut text = String::new();
        loop {
            let Some(c) = self.text[self.at..].chars().next() else {
                return self.fail("the string does not end");
            };
            match c {
                '"' => {
                    self.at += 1;
                    return Ok(text);
                }
                '\\' => text.push(self.escape()?),
                c if c < ' ' => return self.fail("a control character stands in the string"),
                c => {
                    self.at += c.len_utf8();
                    text.push(c);
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char> {
        self.at += 1;
        let named = match self.peek() {
            Some(c @ (b'"' | b'\\' | b'/')) => Some(char::from(c)),
            Some(b'b') => Some('\u{8}'),
            Some(b'f') => Some('\u{c}'),
            Some(b'n') => Some('\n'),
            Some(b'r') => Some('\r'),
            Some(b't') => Some('\t'),
            Some(b'u') => None,
            _ => return self.fail("unknown escape"),
        };
        self.at += 1;
        if let Some(c) = named {
            return Ok(c);
        }
        let mut code = self.hex()?;
        // A character beyond 0xFFFF is written as a pair of escapes.
        if (0xD800..0xDC00).contains(&code) && self.take(b'\\') && self.take(b'u') {
            let low = self.hex()?;
            if (0xDC00..0xE000).contains(&low) {
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            }
        }
        match char::from_u32(code) {
            Some(c) => Ok(c),
            None => self.fail("half a pair of \\u escapes"),
        }
    }

    fn hex(&mut self) -> Result<u32> {
        match self.text.get(self.at..self.at + 4) {
            Some(digits) if digits.bytes().all(|b| b.is_ascii_hexdigit()) => {
                self.at += 4;
                Ok(u32::from_str_radix(digits, 16).unwrap_or_default())
            }
            _ => self.fail("four hexadecimal digits are expected"),
        }
    }
}
