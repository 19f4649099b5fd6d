//! The page of the language is held to the parser: its examples parse, its
//! units are those there are, and what it calls a mistake is one.

use thoth_dumps::Spec;

const PAGE: &str = include_str!("../../../docs/reference/specifications.md");

/// Splits a line as a shell does, as far as the page needs it.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = None::<String>;
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

fn parses(arguments: &[String]) {
    let spec = Spec::parse(arguments);
    let spec = spec.unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    let printed = spec.to_arguments();
    let again = Spec::parse(&printed).expect("what is printed parses");
    assert_eq!(again.to_arguments(), printed, "{arguments:?}");
}

#[test]
fn examples_of_sessions_parse() {
    let mut number = 0;
    for line in PAGE.lines().filter_map(|l| l.strip_prefix("$ thoth ls ")) {
        // What two blanks part from the command says what it means.
        let command = line.split("  ").next().unwrap_or(line);
        parses(&words(command));
        number += 1;
    }
    assert!(number >= 5, "{number} examples");
}

#[test]
fn examples_of_time_parse() {
    let table = PAGE.split("## Time").nth(1).expect("a section");
    let table = table.split("\n\n").nth(1).expect("a table");
    let mut number = 0;
    for row in table.lines().filter(|row| row.starts_with("| `")) {
        let cell = row.split(" | ").next().expect("a cell");
        for example in cell.split('`').skip(1).step_by(2) {
            let arguments: Vec<String> =
                example.split(' ').map(str::to_owned).collect();
            parses(&arguments);
            number += 1;
        }
    }
    assert!(number >= 8, "{number} examples");
}

/// The words in quotes of a rule of the grammar.
fn quoted(rule: &str) -> Vec<&'static str> {
    let begin = format!("\n{rule} ");
    let rule = PAGE.split(begin.as_str()).nth(1).expect("a rule");
    let rule = rule.split(';').next().expect("an end");
    rule.split('"').skip(1).step_by(2).collect()
}

#[test]
fn units_are_those_of_the_grammar() {
    let units = quoted("unit");
    assert!(units.len() >= 18, "{units:?}");
    for unit in &units {
        parses(&[format!("mtime=3{unit}")]);
        parses(&[format!("otime={unit}")]);
        let plural = Spec::parse(&[format!("mtime=3{unit}s")]);
        assert_eq!(plural.is_ok(), unit.len() > 1, "{unit}s: {plural:?}");
    }
    for letter in 'a'..='z' {
        let unit = letter.to_string();
        let parsed = Spec::parse(&[format!("mtime=3{unit}")]);
        let known = units.contains(&unit.as_str());
        assert_eq!(parsed.is_ok(), known, "{unit}: {parsed:?}");
    }
}

#[test]
fn operators_and_words_are_those_of_the_grammar() {
    for operator in quoted("term").into_iter().filter(|word| *word != ",") {
        parses(&[format!("cmd{operator}5")]);
    }
    for window in quoted("window").into_iter().filter(|word| *word != "=") {
        parses(&[format!("{window}=2d")]);
    }
    let words = quoted("moment");
    for word in words.iter().filter(|word| word.trim().len() > 1) {
        parses(&[format!("uploaded={word}")]);
    }
    let input = quoted("input");
    for name in input.iter().filter(|word| !word.starts_with('=')) {
        parses(&[format!("{name}=stdin")]);
    }
    for mistake in ["limit=x", "limit=", "sort=", "abc", "=x", "mtime!=2d"] {
        assert!(Spec::parse(&[mistake]).is_err(), "{mistake}");
    }
}

#[test]
fn the_mistake_is_shown_as_it_is() {
    let error = Spec::parse(&["mtime=5dayz"]).expect_err("a mistake");
    let shown = format!(
        "thoth: {error}\n  {}\n  {}^\nhint: {}\n",
        error.argument(),
        " ".repeat(error.at()),
        error.suggestion().expect("a suggestion")
    );
    assert!(PAGE.contains(&shown), "{shown}");
    for taken in ["a==b", "a=~b", "a=>5"] {
        assert!(PAGE.contains(&format!("`{taken}`")));
        let spec = Spec::parse(&[taken]).expect(taken);
        assert_eq!(spec.warnings().len(), 1, "{taken}");
    }
}
