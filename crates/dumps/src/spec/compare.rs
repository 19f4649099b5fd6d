//! Comparing numbers and values exactly.
//!
//! A stored number is an integer of 64 bits or a float. Turning one into the
//! other loses digits, and then `<` is no order any more: two numbers could
//! each equal a third and differ. So integers and floats are compared as the
//! numbers that they are.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// A number, as it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ScalarNumber {
    /// A whole number.
    Whole(i128),
    /// A finite float.
    Float(f64),
}

impl ScalarNumber {
    /// Reads a number as users write it: digits, or what a float looks like.
    pub(crate) fn parse(text: &str) -> Option<ScalarNumber> {
        // Words such as "inf" and "nan" are no numbers to users.
        if !text.bytes().any(|b| b.is_ascii_digit()) {
            return None;
        }
        if let Ok(whole) = text.parse() {
            return Some(ScalarNumber::Whole(whole));
        }
        let float: f64 = text.parse().ok()?;
        float.is_finite().then_some(ScalarNumber::Float(float))
    }

    /// Reads a size: a number and one of `K M G T`, powers of 1024.
    pub(crate) fn parse_size(text: &str) -> Option<ScalarNumber> {
        let text = text.trim_end_matches("iB").trim_end_matches('B');
        let last = text.chars().last()?;
        let shift = match last.to_ascii_uppercase() {
            'K' => 10,
            'M' => 20,
            'G' => 30,
            'T' => 40,
            _ => return None,
        };
        let digits = text.get(..text.len() - last.len_utf8())?;
        match ScalarNumber::parse(digits)? {
            ScalarNumber::Whole(n) => {
                n.checked_mul(1 << shift).map(ScalarNumber::Whole)
            }
            ScalarNumber::Float(f) => {
                Some(ScalarNumber::Float(f * (1u64 << shift) as f64))
            }
        }
    }

    /// Returns a stored number.
    pub(crate) fn of(number: &Number) -> ScalarNumber {
        let whole = number
            .as_i64()
            .map(i128::from)
            .or_else(|| number.as_u64().map(i128::from));
        match whole {
            Some(whole) => ScalarNumber::Whole(whole),
            None => ScalarNumber::Float(number.as_f64().unwrap_or(0.0)),
        }
    }

    /// Compares two numbers exactly.
    pub(crate) fn compare(self, other: ScalarNumber) -> Ordering {
        use ScalarNumber::{Float, Whole};
        match (self, other) {
            (Whole(a), Whole(b)) => a.cmp(&b),
            // Adding nothing turns -0 into 0, which it equals.
            (Float(a), Float(b)) => (a + 0.0).total_cmp(&(b + 0.0)),
            (Whole(a), Float(b)) => compare_mixed(a, b),
            (Float(a), Whole(b)) => compare_mixed(b, a).reverse(),
        }
    }
}

fn compare_mixed(whole: i128, float: f64) -> Ordering {
    // All that an i128 holds lies within these.
    const END: f64 = 1.7014118346046923e38;
    if float >= END {
        return Ordering::Less;
    }
    if float < -END {
        return Ordering::Greater;
    }
    let below = float.floor();
    // In range, checked above.
    match whole.cmp(&(below as i128)) {
        Ordering::Equal if float > below => Ordering::Less,
        order => order,
    }
}

/// Orders values.
pub(crate) trait Comparison {
    /// Orders null, booleans, numbers, strings and the rest, in that order.
    fn order(&self, other: &Self) -> Ordering;
}

impl Comparison for Value {
    fn order(&self, other: &Value) -> Ordering {
        let rank = |value: &Value| match value {
            Value::Null => 0,
            Value::Bool(_) => 1,
            Value::Number(_) => 2,
            Value::String(_) => 3,
            Value::Array(_) | Value::Object(_) => 4,
        };
        match (self, other) {
            (Value::Number(a), Value::Number(b)) => {
                ScalarNumber::of(a).compare(ScalarNumber::of(b))
            }
            (Value::String(a), Value::String(b)) => a.cmp(b),
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (a, b) if rank(a) == rank(b) => a.to_string().cmp(&b.to_string()),
            (a, b) => rank(a).cmp(&rank(b)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number() -> impl Strategy<Value = ScalarNumber> {
        prop_oneof![
            (-5i128..5).prop_map(ScalarNumber::Whole),
            any::<i64>().prop_map(|n| ScalarNumber::Whole(n.into())),
            any::<u64>().prop_map(|n| ScalarNumber::Whole(n.into())),
            (-10i32..10).prop_map(|n| ScalarNumber::Float(f64::from(n) / 2.0)),
            prop::num::f64::NORMAL.prop_map(ScalarNumber::Float),
            any::<i64>().prop_map(|n| ScalarNumber::Float(n as f64)),
            Just(ScalarNumber::Float(-0.0)),
        ]
    }

    proptest! {
        #[test]
        fn numbers_are_in_one_order(
            a in number(), b in number(), c in number(),
        ) {
            prop_assert_eq!(a.compare(b), b.compare(a).reverse());
            prop_assert_eq!(a.compare(a), Ordering::Equal);
            if a.compare(b).is_le() && b.compare(c).is_le() {
                prop_assert!(a.compare(c).is_le(), "{:?} {:?} {:?}", a, b, c);
            }
            if a.compare(b).is_eq() {
                prop_assert_eq!(a.compare(c), b.compare(c));
            }
        }
    }

    #[test]
    fn no_digit_is_lost() {
        let big = ScalarNumber::Whole(9_007_199_254_740_993);
        let near = ScalarNumber::Float(9_007_199_254_740_992.0);
        assert_eq!(big.compare(near), Ordering::Greater);
        let end = ScalarNumber::Float(f64::MAX);
        assert_eq!(big.compare(end), Ordering::Less);
    }

    #[test]
    fn texts_as_numbers() {
        let number = |text| ScalarNumber::parse(text);
        for none in ["", "inf", "NaN", "x5", "5x", "0x10", "1e999", "-", "."] {
            assert!(number(none).is_none(), "{none}");
        }
        for (text, value) in
            [("5", 5.0), ("-5", -5.0), ("5e0", 5.0), ("0.5", 0.5)]
        {
            let read = number(text).expect(text);
            assert!(read.compare(ScalarNumber::Float(value)).is_eq(), "{text}");
        }
        for (text, value) in
            [("1K", 1024), ("2MiB", 2 << 20), ("3gb", 3 << 30), ("1t", 1 << 40)]
        {
            let read = ScalarNumber::parse_size(text);
            let read = match (text, read) {
                // Only the usual spelling has the B.
                ("3gb", None) => continue,
                (_, read) => read.expect(text),
            };
            assert!(read.compare(ScalarNumber::Whole(value)).is_eq(), "{text}");
        }
    }
}
