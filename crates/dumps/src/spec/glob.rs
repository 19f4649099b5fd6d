//! Globs: `*` for any run of characters, `?` for one.

/// A pattern over a whole value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(Vec<Piece>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// `*`
    Run,
    /// `?`
    One,
    Char(char),
}

impl Glob {
    /// Makes a glob of pieces; runs beside each other become one.
    pub(super) fn new(pieces: Vec<Piece>) -> Glob {
        let mut pieces = pieces;
        pieces.dedup_by(|a, b| *a == Piece::Run && *b == Piece::Run);
        Glob(pieces)
    }

    pub(super) fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// Returns the characters that every text that matches begins with.
    pub(crate) fn start(&self) -> String {
        let letter = |piece: &Piece| match piece {
            Piece::Char(c) => Some(*c),
            Piece::Run | Piece::One => None,
        };
        self.0.iter().map_while(letter).collect()
    }

    /// Tells whether the whole text matches.
    ///
    /// On a mismatch only the last run is given one more character, so the
    /// time is at most the product of both lengths.
    pub fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut at, mut piece) = (0, 0);
        // Where to go on when the last run takes one more character.
        let mut retry: Option<(usize, usize)> = None;
        while at < text.len() || piece < self.0.len() {
            let fits = match (self.0.get(piece), text.get(at)) {
                (Some(Piece::Run), _) => {
                    piece += 1;
                    retry = Some((piece, at));
                    continue;
                }
                (Some(Piece::One), Some(_)) => true,
                (Some(Piece::Char(a)), Some(b)) => a == b,
                _ => false,
            };
            if fits {
                (at, piece) = (at + 1, piece + 1);
                continue;
            }
            match retry {
                Some((after, from)) if from < text.len() => {
                    (piece, at) = (after, from + 1);
                    retry = Some((after, at));
                }
                _ => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn glob(text: &str) -> Glob {
        let piece = |c| match c {
            '*' => Piece::Run,
            '?' => Piece::One,
            c => Piece::Char(c),
        };
        Glob::new(text.chars().map(piece).collect())
    }

    /// The definition, which takes exponential time.
    fn plain(pieces: &[Piece], text: &[char]) -> bool {
        match (pieces.split_first(), text.split_first()) {
            (None, rest) => rest.is_none(),
            (Some((Piece::Run, more)), rest) => {
                plain(more, text)
                    || rest.is_some_and(|(_, rest)| plain(pieces, rest))
            }
            (Some(_), None) => false,
            (Some((Piece::One, more)), Some((_, rest))) => plain(more, rest),
            (Some((Piece::Char(a), more)), Some((b, rest))) => {
                a == b && plain(more, rest)
            }
        }
    }

    #[test]
    fn matches_whole_values() {
        for (pattern, text, expected) in [
            ("svc.*", "svc.startd", true),
            ("svc.*", "xsvc.startd", false),
            ("*utmpx*", "a`_utmpx_postfork+0x1", true),
            ("a*b", "a\nb", true),
            ("?", "é", true),
            ("?", "", false),
            ("*", "", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(glob(pattern).matches(text), expected, "{pattern}");
        }
    }

    #[test]
    fn many_runs_take_no_exponential_time() {
        let text = "a".repeat(20_000);
        assert!(!glob(&"*a".repeat(50)).matches(&format!("{text}b")));
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(
            pattern in "[ab*?]{0,8}", text in "[ab]{0,8}",
        ) {
            let glob = glob(&pattern);
            let chars: Vec<char> = text.chars().collect();
            prop_assert_eq!(glob.matches(&text), plain(&glob.0, &chars));
        }
    }
}
