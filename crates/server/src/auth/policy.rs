//! The language of rules.
//!
//! A rule is a sentence that allows something:
//!
//! ```text
//! [who] CAN actions [resources] [WHEN conditions]
//! ```
//!
//! `CAN getobject, getdirectory WHEN sourceip = 10.0.0.0/8 AND NOT day IN
//! (Saturday, Sunday)`. Keywords count in any case; the word before conditions
//! is `WHEN`, `IF` or `WHERE`. Lists are English (`a`, `a and b`, `a, b and
//! c`); their items are words, words with `*` in them, quoted texts, regular
//! expressions (`/re/i::regex`), or a single `*` (also `all`, `everything`,
//! `anything`) for all. Who is left out: whoever has the role. Resources left
//! out: whatever is tagged with it.
//!
//! A condition is a name, an operator and a value, or a name and `IN` with a
//! list of values; they join by `AND`, `OR`, `NOT` and parentheses. A name may
//! be followed by `::` and a type, where its own is not the one wanted.
//!
//! | condition | type | is |
//! | --- | --- | --- |
//! | `sourceip` | ip | the address at the other end of the connection |
//! | `method` | string | the method in capitals |
//! | `date`, `time`, `day` | date, time, day | now, in UTC |
//! | `user-agent` | string | the header of that name |
//! | `overwrite` | boolean | whether the resource is there already |
//! | `fromjob` | boolean | whether a job's task asks |
//!
//! | type | operators | values |
//! | --- | --- | --- |
//! | string | `= != < > <= >= like` | text; for `like` a `/re/` |
//! | ip | `= !=` | an address or a range `10.0.0.0/8` |
//! | date | `= != < > <= >=` | `2026-11-23` or `2026-11-23T04:00:00Z` |
//! | time | the same | `09:30:00` |
//! | day | the same | a name of a day, or 1 (Monday) to 7 |
//! | boolean | `= !=` | `true`, `false` |
//!
//! Deliberate differences from where the language comes from: rules only ever
//! allow, so `CAN NOT`, which would do nothing, is refused; a word with `*`
//! must match from end to end; an action or condition that does not exist is
//! refused when the rule is written, rather than found out later; a condition
//! that cannot be judged (no `user-agent` was sent) makes its rule allow
//! nothing, also under `NOT`.

use std::net::IpAddr;

use regex::Regex;
use thoth_manta::Timestamp;

use super::Action;
use super::condition::{Condition, Fact};
use super::lexer::{Token, Word, tokens};

/// The longest rule.
const MAX_RULE_BYTES: usize = 4096;
/// How deep parentheses and negations nest.
const MAX_DEPTH: usize = 50;

/// A rule, ready to be asked.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    principals: List,
    actions: List,
    resources: List,
    condition: Option<Condition>,
}

/// What a rule is asked about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) principal: &'a str,
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
    pub(super) method: &'a str,
    pub(super) now: Timestamp,
    pub(super) source_ip: IpAddr,
    pub(super) user_agent: Option<&'a str>,
    pub(super) overwrite: Option<bool>,
    pub(super) from_job: bool,
}

/// Names that a rule speaks of.
#[derive(Clone, Debug)]
enum List {
    All,
    Some(Vec<Item>),
}

#[derive(Clone, Debug)]
enum Item {
    Exact(String),
    Matching(Regex),
}

/// Why a text is no rule: what was wrong where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rule {rule:?}: {what}")]
pub struct RuleError {
    rule: String,
    what: String,
}

impl Rule {
    /// Parses a rule.
    pub(super) fn parse(text: &str) -> Result<Rule, RuleError> {
        let shown: String = text.chars().take(200).collect();
        let wrong = |what| RuleError { rule: shown.clone(), what };
        if text.len() > MAX_RULE_BYTES {
            return Err(wrong(format!(
                "{} bytes, expected at most {MAX_RULE_BYTES}",
                text.len()
            )));
        }
        let tokens = tokens(text).map_err(wrong)?;
        Parser { tokens: &tokens, depth: 0 }.rule().map_err(wrong)
    }

    /// Tells whether the rule allows it.
    pub(super) fn allows(&self, question: &Question<'_>) -> bool {
        self.actions.has(question.action)
            && self.principals.has(question.principal)
            && self.resources.has(question.resource)
            && self
                .condition
                .as_ref()
                .is_none_or(|condition| condition.judge(question) == Some(true))
    }
}

impl List {
    fn has(&self, name: &str) -> bool {
        match self {
            List::All => true,
            List::Some(items) => items.iter().any(|item| match item {
                Item::Exact(known) => known == name,
                Item::Matching(regex) => regex.is_match(name),
            }),
        }
    }
}

/// A word that is a keyword wherever it stands unquoted.
const KEYWORDS: [&str; 8] =
    ["and", "or", "not", "can", "if", "when", "where", "in"];

struct Parser<'a> {
    tokens: &'a [Token],
    depth: usize,
}

type Parsed<T> = Result<T, String>;

impl<'a> Parser<'a> {
    fn rule(mut self) -> Parsed<Rule> {
        let principals = if self.is("can") { List::All } else { self.list()? };
        self.keyword("can")?;
        if self.is("not") {
            return Err("rules only allow; leave CAN NOT out".to_owned());
        }
        let mut actions = self.list()?;
        actions.must_be_actions()?;
        let resources = if self.tokens.is_empty() || self.begins_conditions() {
            List::All
        } else {
            self.list()?
        };
        let condition = if self.begins_conditions() {
            self.advance();
            Some(self.any_of()?)
        } else {
            None
        };
        match self.tokens.first() {
            None => Ok(Rule { principals, actions, resources, condition }),
            Some(token) => Err(format!("expected the end, found {token}")),
        }
    }

    fn advance(&mut self) -> Option<&'a Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn is(&self, keyword: &str) -> bool {
        self.tokens.first().is_some_and(|token| token.is_keyword(keyword))
    }

    fn take(&mut self, keyword: &str) -> bool {
        let found = self.is(keyword);
        if found {
            self.advance();
        }
        found
    }

    fn take_token(&mut self, token: &Token) -> bool {
        let found = self.tokens.first() == Some(token);
        if found {
            self.advance();
        }
        found
    }

    fn keyword(&mut self, keyword: &str) -> Parsed<()> {
        if self.take(keyword) {
            return Ok(());
        }
        Err(format!(
            "expected {}, found {}",
            keyword.to_uppercase(),
            self.here()
        ))
    }

    fn here(&self) -> String {
        self.tokens
            .first()
            .map_or_else(|| "the end".to_owned(), ToString::to_string)
    }

    fn begins_conditions(&self) -> bool {
        ["if", "when", "where"].iter().any(|word| self.is(word))
    }

    fn list(&mut self) -> Parsed<List> {
        let all = match self.tokens.first() {
            Some(Token::Word(Word::Plain(word))) => {
                word == "*"
                    || ["all", "everything", "anything"]
                        .iter()
                        .any(|known| word.eq_ignore_ascii_case(known))
            }
            _ => false,
        };
        if all {
            self.advance();
            return Ok(List::All);
        }
        let mut items = vec![self.item()?];
        loop {
            let comma = self.take_token(&Token::Comma);
            let and = self.take("and");
            if !comma && !and {
                return Ok(List::Some(items));
            }
            items.push(self.item()?);
        }
    }

    fn item(&mut self) -> Parsed<Item> {
        let expected = format!("expected a name, found {}", self.here());
        match self.advance() {
            Some(Token::Word(Word::Quoted(text))) => {
                Ok(Item::Exact(text.clone()))
            }
            Some(Token::Word(Word::Regex(body, flags))) => {
                super::condition::expression(body, flags).map(Item::Matching)
            }
            Some(Token::Word(Word::Plain(word))) if !is_keyword(word) => {
                Item::of_word(word)
            }
            _ => Err(expected),
        }
    }

    fn any_of(&mut self) -> Parsed<Condition> {
        let mut all = vec![self.all_of()?];
        while self.take("or") {
            all.push(self.all_of()?);
        }
        Ok(one_or(all, Condition::Any))
    }

    fn all_of(&mut self) -> Parsed<Condition> {
        let mut all = vec![self.negated()?];
        while self.take("and") {
            all.push(self.negated()?);
        }
        Ok(one_or(all, Condition::All))
    }

    fn negated(&mut self) -> Parsed<Condition> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("nested deeper than {MAX_DEPTH}"));
        }
        let parsed = if self.take("not") {
            self.negated().map(|inner| Condition::Not(Box::new(inner)))
        } else if self.take_token(&Token::Open) {
            let inner = self.any_of()?;
            if !self.take_token(&Token::Close) {
                return Err(format!("expected ), found {}", self.here()));
            }
            Ok(inner)
        } else {
            self.comparison()
        };
        self.depth -= 1;
        parsed
    }

    fn comparison(&mut self) -> Parsed<Condition> {
        let name = self.text("a condition")?;
        let kind = if self.take_token(&Token::Colons) {
            Some(self.text("a type")?)
        } else {
            None
        };
        let fact = Fact::parse(&name, kind.as_deref())?;
        if self.take("in") {
            if !self.take_token(&Token::Open) {
                return Err(format!("expected (, found {}", self.here()));
            }
            let mut any = Vec::new();
            loop {
                any.push(fact.compare("=", &self.text("a value")?)?);
                if self.take_token(&Token::Close) {
                    return Ok(one_or(any, Condition::Any));
                }
                if !self.take_token(&Token::Comma) {
                    return Err(format!(
                        "expected a comma or ), found {}",
                        self.here()
                    ));
                }
            }
        }
        let operator = self.text("an operator")?;
        fact.compare(&operator.to_ascii_lowercase(), &self.text("a value")?)
    }

    fn text(&mut self, what: &str) -> Parsed<String> {
        let expected = format!("expected {what}, found {}", self.here());
        match self.advance() {
            Some(Token::Word(Word::Quoted(text))) => Ok(text.clone()),
            Some(Token::Word(Word::Plain(word))) if !is_keyword(word) => {
                Ok(word.clone())
            }
            _ => Err(expected),
        }
    }
}

fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|known| word.eq_ignore_ascii_case(known))
}

fn one_or(
    mut all: Vec<Condition>,
    join: fn(Vec<Condition>) -> Condition,
) -> Condition {
    if all.len() == 1 { all.remove(0) } else { join(all) }
}

impl List {
    /// Refuses names of actions that do not exist; case does not count in
    /// those that do.
    fn must_be_actions(&mut self) -> Parsed<()> {
        let List::Some(items) = self else {
            return Ok(());
        };
        for item in items {
            if let Item::Exact(name) = item {
                *name = name.to_ascii_lowercase();
                if !Action::ALL.iter().any(|known| known.as_str() == name) {
                    let known: Vec<_> =
                        Action::ALL.iter().map(|a| a.as_str()).collect();
                    return Err(format!(
                        "no action {name:?}; there are {}",
                        known.join(", ")
                    ));
                }
            }
        }
        Ok(())
    }
}

impl Item {
    /// A word: as it stands, or with `*` for any text, unless that has a
    /// backslash before it.
    fn of_word(word: &str) -> Parsed<Item> {
        let mut pattern = String::from("(?s)^");
        let mut plain = String::new();
        let mut fuzzy = false;
        let mut chars = word.chars().peekable();
        while let Some(c) = chars.next() {
            let literal = match c {
                '\\' if chars.peek() == Some(&'*') => {
                    chars.next();
                    '*'
                }
                '*' => {
                    fuzzy = true;
                    pattern.push_str(".*");
                    continue;
                }
                other => other,
            };
            plain.push(literal);
            pattern.push_str(&regex::escape(literal.encode_utf8(&mut [0; 4])));
        }
        if !fuzzy {
            return Ok(Item::Exact(plain));
        }
        pattern.push('$');
        Regex::new(&pattern)
            .map(Item::Matching)
            .map_err(|error| format!("{word:?}: {error}"))
    }
}

/// Finds out whether a text is a rule.
///
/// # Errors
///
/// A [`RuleError`] saying what was wrong.
pub fn check_rule(text: &str) -> Result<(), RuleError> {
    Rule::parse(text).map(drop)
}
