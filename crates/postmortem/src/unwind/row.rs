//! One row of an unwind table, compiled: where the caller's registers are.
//!
//! Nearly every row says "CFA = register + offset; this and that register saved
//! at CFA + offset". Running the table's program for each frame costs
//! microseconds; a stack of 100,000 frames has some dozen distinct rows. So a
//! row is compiled once for a pc and kept.

use gimli::{EndianSlice, LittleEndian, RegisterRule, UnwindSection};
use std::rc::Rc;

pub(super) type Slice<'d> = EndianSlice<'d, LittleEndian>;

/// How to compute the canonical frame address.
#[derive(Debug, Clone)]
pub(super) enum Cfa {
    Register(u16, i64),
    Expression(Rc<[u8]>),
}

/// How to get a register of the caller.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    Undefined,
    Same,
    Offset(i64),
    ValOffset(i64),
    Register(u16),
    Expression(Rc<[u8]>),
    ValExpression(Rc<[u8]>),
    Constant(u64),
}

/// A compiled row.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) cfa: Cfa,
    /// Rules of DWARF registers other than the return address.
    pub(super) rules: Vec<(u16, Rule)>,
    /// Rule of the return address; `None` when the table has none.
    pub(super) ra: Option<Rule>,
    /// The frame was made by the kernel to deliver a signal.
    pub(super) signal: bool,
}

/// DWARF registers kept: sixteen general ones and the return address.
const KEPT: u16 = 17;

impl Row {
    /// Compiles a row; `None` when it uses what no table here should.
    pub(super) fn compile<'d, S>(
        row: &gimli::UnwindTableRow<usize>,
        section: &S,
        ra: gimli::Register,
        signal: bool,
    ) -> Option<Self>
    where
        S: UnwindSection<Slice<'d>>,
    {
        let bytes = |e: &gimli::UnwindExpression<usize>| {
            let expression = e.get(section).ok()?;
            Some(Rc::from(expression.0.slice()))
        };
        let cfa = match row.cfa() {
            gimli::CfaRule::RegisterAndOffset { register, offset } => {
                Cfa::Register(register.0, *offset)
            }
            gimli::CfaRule::Expression(e) => Cfa::Expression(bytes(e)?),
        };
        let mut out = Self { cfa, rules: Vec::new(), ra: None, signal };
        for (register, rule) in row.registers() {
            let rule = match rule {
                RegisterRule::Undefined => Rule::Undefined,
                RegisterRule::SameValue => Rule::Same,
                RegisterRule::Offset(n) => Rule::Offset(*n),
                RegisterRule::ValOffset(n) => Rule::ValOffset(*n),
                RegisterRule::Register(r) => Rule::Register(r.0),
                RegisterRule::Expression(e) => Rule::Expression(bytes(e)?),
                RegisterRule::ValExpression(e) => {
                    Rule::ValExpression(bytes(e)?)
                }
                RegisterRule::Constant(n) => Rule::Constant(*n),
                _ => return None,
            };
            if *register == ra {
                out.ra = Some(rule);
            } else if register.0 < KEPT {
                out.rules.push((register.0, rule));
            }
        }
        Some(out)
    }
}
