//! Recursion, folded.
//!
//! A stack overflow has tens of thousands of equal frames; what matters is the
//! frames before, one turn, how many turns, and the frames after. A turn is a
//! run of up to [`LONGEST`] frames with equal pcs (mutual recursion, and
//! inlined functions, make turns of several). Every frame is looked at a
//! bounded number of times, so folding is linear.

/// Frames in a turn, at most.
const LONGEST: usize = 8;
/// Turns that must follow each other before they are folded.
const TURNS: usize = 4;

/// A part of a stack, by the frames' positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A frame to show.
    Frame(usize),
    /// The `length` frames before `from` go on so, `turns` more times.
    Turns {
        /// Position after the turn that is shown.
        from: usize,
        /// Frames in one turn.
        length: usize,
        /// How often it is repeated.
        turns: usize,
    },
}

/// Folds a stack given as one key per frame.
pub(super) fn fold<K: PartialEq>(keys: &[K]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < keys.len() {
        let best = (1..=LONGEST).find_map(|length| {
            let turns = turns(keys, at, length);
            (turns >= TURNS).then_some((length, turns))
        });
        let Some((length, turns)) = best else {
            parts.push(Part::Frame(at));
            at += 1;
            continue;
        };
        parts.extend((at..at + length).map(Part::Frame));
        let from = at + length;
        parts.push(Part::Turns { from, length, turns: turns - 1 });
        at += length * turns;
    }
    parts
}

/// Counts how often the `length` keys at `at` follow each other.
fn turns<K: PartialEq>(keys: &[K], at: usize, length: usize) -> usize {
    let Some(rest) = keys.get(at..) else { return 0 };
    let Some(later) = rest.get(length..) else { return 0 };
    let same = rest.iter().zip(later).take_while(|(a, b)| a == b).count();
    same / length + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes parts as text: letters, and `(3xab)` for what is folded.
    fn folded(text: &str) -> String {
        let keys: Vec<char> = text.chars().collect();
        let show = |p: &Part| match *p {
            Part::Frame(i) => keys[i].to_string(),
            Part::Turns { from, length, turns } => {
                let turn: String = keys[from - length..from].iter().collect();
                format!("({turns}x{turn})")
            }
        };
        fold(&keys).iter().map(show).collect()
    }

    #[test]
    fn turns_are_folded_and_nothing_else() {
        assert_eq!(folded(""), "");
        assert_eq!(folded("abc"), "abc");
        assert_eq!(folded("aaab"), "aaab");
        assert_eq!(folded("xaaaaab"), "xa(4xa)b");
        assert_eq!(folded("xabababababc"), "xab(4xab)c");
        assert_eq!(folded("abcabcabcabcab"), "abc(3xabc)ab");
        assert_eq!(folded("aaaabbbb"), "a(3xa)b(3xb)");
    }

    #[test]
    fn every_frame_is_counted_once() {
        for text in ["aaaaaaaaab", "abababababababx", "aabaabaabaabaab"] {
            let keys: Vec<char> = text.chars().collect();
            let frames: usize = fold(&keys)
                .iter()
                .map(|p| match p {
                    Part::Frame(_) => 1,
                    Part::Turns { length, turns, .. } => length * turns,
                })
                .sum();
            assert_eq!(frames, keys.len(), "{text}");
        }
    }

    #[test]
    fn a_long_stack_takes_linear_time() {
        let keys: Vec<u32> = (0..400_000).map(|i| i / 3).collect();
        assert_eq!(fold(&keys).len(), keys.len());
    }
}
