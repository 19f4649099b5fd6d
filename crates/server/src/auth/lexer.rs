//! The words of a rule.

use std::fmt;

/// A piece of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Comma,
    Open,
    Close,
    /// `::`
    Colons,
    Word(Word),
}

/// A word, and how it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Plain(String),
    Quoted(String),
    /// `/body/flags::regex`
    Regex(String, String),
}

impl Token {
    pub(super) fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self, Token::Word(Word::Plain(word))
            if word.eq_ignore_ascii_case(keyword))
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Comma => f.write_str("a comma"),
            Token::Open => f.write_str("("),
            Token::Close => f.write_str(")"),
            Token::Colons => f.write_str("::"),
            Token::Word(Word::Plain(word) | Word::Quoted(word)) => {
                write!(f, "{word:?}")
            }
            Token::Word(Word::Regex(body, _)) => write!(f, "/{body}/"),
        }
    }
}

/// Splits a rule into its words.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            rest = rest.trim_start();
            continue;
        }
        let (token, after) = match first {
            ',' => (Token::Comma, tail(rest, 1)),
            '(' => (Token::Open, tail(rest, 1)),
            ')' => (Token::Close, tail(rest, 1)),
            ':' if rest.starts_with("::") => (Token::Colons, tail(rest, 2)),
            ':' => return Err("a colon alone".to_owned()),
            '"' => quoted(rest)?,
            '/' => regex(rest).unwrap_or_else(|| word(rest)),
            _ => word(rest),
        };
        tokens.push(token);
        rest = after;
    }
    Ok(tokens)
}

fn tail(text: &str, from: usize) -> &str {
    text.get(from..).unwrap_or_default()
}

/// A text in quotes, with the escapes of JSON.
fn quoted(text: &str) -> Result<(Token, &str), String> {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    let (end, _) = end.ok_or_else(|| "a quote is open".to_owned())?;
    let inner = text.get(..=end).unwrap_or_default();
    let word: String = serde_json::from_str(inner)
        .map_err(|_| format!("{inner}: damaged escapes"))?;
    Ok((Token::Word(Word::Quoted(word)), tail(text, end + 1)))
}

/// A regular expression with its mark behind it; `None`: it is no such thing.
fn regex(text: &str) -> Option<(Token, &str)> {
    let mut escaped = false;
    let mut in_class = false;
    let (end, _) = text.char_indices().skip(1).find(|(_, c)| {
        if escaped {
            escaped = false;
            return false;
        }
        match c {
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '/' => return !in_class,
            _ => {}
        }
        false
    })?;
    let body = text.get(1..end)?;
    let rest = text.get(end + 1..)?;
    let flags = rest.find(|c: char| !c.is_ascii_alphabetic())?;
    let (flags, rest) = rest.split_at(flags);
    let mark = "::regex";
    let rest = match rest.get(..mark.len()) {
        Some(found) if found.eq_ignore_ascii_case(mark) => {
            rest.get(mark.len()..)?
        }
        _ => return None,
    };
    let rest = rest.strip_prefix(['p', 'P']).unwrap_or(rest);
    let word = Word::Regex(body.to_owned(), flags.to_owned());
    (!body.is_empty()).then_some((Token::Word(word), rest))
}

/// A word: up to a space, a comma, a parenthesis or two colons.
fn word(text: &str) -> (Token, &str) {
    let end = text.char_indices().find(|(at, c)| {
        c.is_whitespace()
            || matches!(c, ',' | '(' | ')')
            || tail(text, *at).starts_with("::")
    });
    let end = end.map_or(text.len(), |(at, _)| at);
    let (word, rest) = text.split_at(end);
    (Token::Word(Word::Plain(word.to_owned())), rest)
}
