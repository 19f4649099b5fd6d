//! The language of rules, without a server around it.

use proptest::prelude::*;

use super::check_rule;
use super::policy::{Question, Rule};

fn question() -> Question<'static> {
    Question {
        principal: "carol",
        action: "getobject",
        resource: "/alice/stor/logs/a.log",
        method: "GET",
        // A Monday.
        now: "2026-11-23T10:30:00Z".parse().expect("time"),
        source_ip: "10.1.2.3".parse().expect("address"),
        user_agent: None,
        overwrite: Some(true),
        from_job: false,
    }
}

#[track_caller]
fn allows(rule: &str) -> bool {
    Rule::parse(rule).expect(rule).allows(&question())
}

#[test]
fn rules_allow_what_they_say() {
    for rule in [
        "CAN getobject",
        "can GetObject",
        "CAN *",
        "* can everything anything",
        "CAN get*",
        "CAN putobject, getdirectory and getobject",
        "CAN putobject, getdirectory, and getobject",
        "carol can getobject",
        "CAN /^get/::regex",
        "CAN getobject /alice/stor/*",
        "CAN getobject \"/alice/stor/logs/a.log\"",
        "CAN getobject WHEN sourceip = 10.0.0.0/8",
        "CAN getobject WHEN sourceip = \"::ffff:10.1.2.3\"",
        "CAN getobject IF sourceip IN (192.168.0.0/16, 10.1.2.3)",
        "CAN getobject WHERE NOT day IN (Saturday, Sunday)",
        "CAN getobject WHEN day = 1 AND time >= 09:00:00 AND time < 17:00:00",
        "CAN getobject WHEN date > 2026-01-01 AND date < 2027-01-01T00:00:00Z",
        "CAN getobject WHEN date::day = Mon",
        "CAN getobject WHEN method like /^g/i",
        "CAN getobject WHEN overwrite = true OR fromjob = true",
        "CAN getobject WHEN (fromjob = true OR method = GET) AND day < TUE",
    ] {
        assert!(allows(rule), "{rule}");
    }
    for rule in [
        "CAN putobject",
        "dave can getobject",
        "CAN get",
        "CAN getobject /bob/*",
        "CAN getobject stor*",
        "CAN getobject WHEN sourceip != 10.0.0.0/8",
        "CAN getobject WHEN day = Tuesday",
        "CAN getobject WHEN fromjob = true",
        "CAN getobject WHEN sourceip = 10.0.0.0/8 AND fromjob = true",
        // Not known: allows nothing, whichever way it is asked.
        "CAN getobject WHEN user-agent like /x/",
        "CAN getobject WHEN NOT user-agent like /x/",
        "CAN getobject WHEN method = GET OR user-agent = x",
    ] {
        if rule == "CAN get" {
            assert!(check_rule(rule).is_err());
            continue;
        }
        assert!(!allows(rule), "{rule}");
    }
}

#[test]
fn what_is_no_rule_is_refused_with_a_reason() {
    for (rule, why) in [
        ("", "expected"),
        ("getobject", "expected CAN"),
        ("CAN", "expected a name"),
        ("CAN NOT getobject", "leave CAN NOT out"),
        ("CAN getobjekt", "no action"),
        ("CAN getobject WHEN", "expected a condition"),
        ("CAN getobject WHEN color = red", "no condition"),
        ("CAN getobject WHEN sourceip = 10.0.0.0/33", "range"),
        ("CAN getobject WHEN sourceip < 10.0.0.1", "operator"),
        ("CAN getobject WHEN day = Someday", "a day"),
        ("CAN getobject WHEN overwrite = yes", "true or false"),
        ("CAN getobject WHEN sourceip::day = Monday", "of type"),
        ("CAN getobject WHEN (day = Monday", "expected )"),
        ("CAN getobject WHEN method like /(/", "/(/"),
        ("CAN \"getobject", "quote"),
        ("CAN getobject a b", "expected the end"),
    ] {
        let error = check_rule(rule).expect_err(rule).to_string();
        assert!(error.contains(why), "{error}: expected {why}");
    }
    let deep = format!("CAN getobject WHEN {}day = 1", "NOT ".repeat(500));
    assert!(check_rule(&deep).is_err());
    let deep = format!("CAN getobject WHEN {}day = 1", "(".repeat(2000));
    assert!(check_rule(&deep).is_err());
}

proptest! {
    #[test]
    fn no_text_panics(text in "(CAN |a )?[a-z*/:,()\" =.0-9]{0,60}") {
        let _ = check_rule(&text);
        let _ = check_rule(&format!("CAN getobject WHEN {text}"));
    }

    #[test]
    fn a_range_allows_exactly_its_addresses(
        range: [u8; 4], bits in 0u32..=32, address: [u8; 4]
    ) {
        let text = std::net::Ipv4Addr::from(range);
        let rule = format!("CAN getobject WHEN sourceip = {text}/{bits}");
        let mut question = question();
        question.source_ip = std::net::Ipv4Addr::from(address).into();
        let cut = |a: [u8; 4]| {
            u64::from(u32::from_be_bytes(a)) >> (32 - bits)
        };
        let rule = Rule::parse(&rule).unwrap();
        prop_assert_eq!(rule.allows(&question), cut(range) == cut(address));
    }
}
