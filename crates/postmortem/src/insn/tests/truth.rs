//! Measures stepping against unwind tables.
//!
//! For each instruction of each function with a table, a thread is made up
//! that stands there: its registers and stack are as the table's row says, a
//! real call site is the return address, and the rest of the stack is filled
//! with what stacks hold, stale return addresses among it. Stepping gets the
//! code and this thread, not the table, and must come to the row's caller or
//! say nothing.

use std::collections::HashMap;
use std::path::Path;

use iced_x86::{FlowControl, Instruction, Mnemonic, OpAccess};

use super::image::Image;
use super::rows::{self, Row, Table};
use crate::insn::calls::{CallKind, call_kind};
use crate::insn::code::{Code, Returns, decode};
use crate::insn::flow::{START_SP, Sym, Val};
use crate::insn::paths::{Bounds, Effort, reach};
use crate::insn::step::{Confidence, Method, Place, Stepped, Stepper};
use crate::insn::{CALLEE_SAVED, Mem, RBP, RSP, Regs, dwarf_index};

const STACK: u64 = 0x7ffd_1000_0000;
const STACK_SIZE: u64 = 0x4000;

/// What stepping is told about the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Range,
    Start,
    Nothing,
}

/// Outcomes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Score {
    pub(crate) right: usize,
    pub(crate) wrong: usize,
    pub(crate) none: usize,
    /// Rows this harness cannot make a thread from.
    pub(crate) skipped: usize,
    pub(crate) regs_right: usize,
    pub(crate) regs_wrong: usize,
    pub(crate) regs_none: usize,
    pub(crate) by: HashMap<(Method, Confidence), (usize, usize)>,
    pub(crate) examples: Vec<String>,
}

impl Score {
    pub(crate) fn line(&self) -> String {
        let all = (self.right + self.wrong + self.none).max(1) as f64 / 100.0;
        let regs = (self.regs_right + self.regs_wrong + self.regs_none).max(1)
            as f64
            / 100.0;
        format!(
            "{:8} places: right {:6.2} % wrong {:.3} % ({}) none {:.2} %; \
             registers right {:.2} % wrong {:.3} % ({}); skipped {}",
            self.right + self.wrong + self.none,
            self.right as f64 / all,
            self.wrong as f64 / all,
            self.wrong,
            self.none as f64 / all,
            self.regs_right as f64 / regs,
            self.regs_wrong as f64 / regs,
            self.regs_wrong,
            self.skipped
        )
    }
}

/// A small deterministic generator (xorshift).
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }
}

/// Call sites of a file.
struct Sites {
    to: HashMap<u64, Vec<u64>>,
    indirect: Vec<u64>,
    all: Vec<u64>,
}

/// Measures every `stride`-th function of a file.
///
/// The code comes from `path`, the tables from `tables`: the same file, or
/// one with the same code.
pub(crate) fn measure(
    path: &Path,
    tables: &Path,
    known: Known,
    innermost: bool,
    stride: usize,
) -> Score {
    let (image, code) = Image::load(path);
    let tables: Vec<Table> = rows::read(tables)
        .into_iter()
        .filter(|t| code.iter().any(|c| c.0 <= t.start && t.end <= c.1))
        .collect();
    let listing: Vec<Vec<Instruction>> =
        tables.iter().map(|t| instructions(&image, t)).collect();
    let sites = call_sites(&listing);
    let mut run = Run {
        rng: Rng(0x1234_5678_9abc_def1),
        score: Score::default(),
        steps: Stepper::default(),
        returns: Returns::default(),
    };
    for (table, list) in tables.iter().zip(&listing).step_by(stride) {
        let mut held = Held::default();
        let mut dead = false;
        for ins in list {
            let maker =
                Maker { image: &image, table, sites: &sites, innermost };
            // Padding behind a jump is never executed.
            dead = dead && ins.mnemonic() == Mnemonic::Nop;
            if innermost && !dead {
                maker.try_at(ins.ip(), &held, known, &mut run);
            }
            held.pass(ins, table);
            dead |= stops(ins);
            if !innermost && call_kind(ins).is_some() {
                maker.try_at(ins.next_ip(), &held, known, &mut run);
            }
        }
    }
    run.score
}

/// What goes on from place to place.
struct Run {
    rng: Rng,
    score: Score,
    steps: Stepper,
    returns: Returns,
}

fn instructions(image: &Image, table: &Table) -> Vec<Instruction> {
    let mut at = table.start;
    let mut list = Vec::new();
    while at < table.end {
        let Some(ins) = decode(image, at) else { break };
        at = ins.next_ip();
        list.push(ins);
    }
    list
}

fn call_sites(listing: &[Vec<Instruction>]) -> Sites {
    let mut sites = Sites { to: HashMap::new(), indirect: vec![], all: vec![] };
    for ins in listing.iter().flatten() {
        match call_kind(ins) {
            Some(CallKind::Direct { target, .. }) => {
                sites.to.entry(target).or_default().push(ins.next_ip());
                sites.all.push(ins.next_ip());
            }
            Some(CallKind::Indirect { slot, .. }) => {
                // A pointer in memory could be checked: it points elsewhere.
                if slot.is_none() {
                    sites.indirect.push(ins.next_ip());
                }
                sites.all.push(ins.next_ip());
            }
            None => {}
        }
    }
    sites
}

/// Which callee-saved registers have been given another value, going down the
/// listing: true from a write to the register until a pop of it, again true
/// behind a jump or return when it was written anywhere above.
#[derive(Default, Clone)]
struct Held {
    changed: [bool; 16],
    ever: [bool; 16],
}

impl Held {
    fn pass(&mut self, ins: &Instruction, table: &Table) {
        let mut factory = iced_x86::InstructionInfoFactory::new();
        let saved = table.row_at(ins.ip()).map(|r| r.saved);
        for used in factory.info(ins).used_registers() {
            let Some(index) = dwarf_index(used.register()) else { continue };
            if !matches!(
                used.access(),
                OpAccess::Write | OpAccess::ReadWrite | OpAccess::CondWrite
            ) {
                continue;
            }
            // Restored by a pop, or by a load from where it was saved.
            let load = ins.mnemonic() == Mnemonic::Mov
                && ins.op1_kind() == iced_x86::OpKind::Memory
                && saved.is_some_and(|s| s[index].is_some())
                && matches!(
                    ins.memory_base(),
                    iced_x86::Register::RSP | iced_x86::Register::RBP
                );
            let pop = matches!(ins.mnemonic(), Mnemonic::Pop | Mnemonic::Leave);
            self.changed[index] = !pop && !load;
            self.ever[index] |= !pop && !load;
        }
        if stops(ins) {
            self.changed = self.ever;
        }
    }
}

/// Control never goes on to the next instruction.
fn stops(ins: &Instruction) -> bool {
    matches!(
        ins.flow_control(),
        FlowControl::Return
            | FlowControl::UnconditionalBranch
            | FlowControl::IndirectBranch
            | FlowControl::Exception
    )
}

struct Maker<'a> {
    image: &'a Image,
    table: &'a Table,
    sites: &'a Sites,
    innermost: bool,
}

struct Thread {
    regs: Regs,
    cfa: u64,
    ret: u64,
    /// The caller's registers.
    truth: [u64; 16],
    memory: Layered,
}

/// A stack.
struct Layered {
    stack: Vec<u64>,
}

impl Maker<'_> {
    fn try_at(&self, pc: u64, held: &Held, known: Known, run: &mut Run) {
        let look = if self.innermost { pc } else { pc - 1 };
        let Some(row) = self.table.row_at(look) else { return };
        let Some(thread) = self.thread(pc, row, held, run) else {
            run.score.skipped += 1;
            return;
        };
        let known = if self.table.is_cold() { Known::Nothing } else { known };
        let place = Place {
            pc,
            start: (known != Known::Nothing).then_some(self.table.start),
            end: (known == Known::Range).then_some(self.table.end),
            innermost: self.innermost,
        };
        let memory = Both { stack: &thread.memory, image: self.image };
        let got = run.steps.step(place, &thread.regs, &memory);
        self.judge(pc, &thread, got, &mut run.score);
    }

    fn judge(
        &self,
        pc: u64,
        thread: &Thread,
        got: Option<Stepped>,
        score: &mut Score,
    ) {
        let Some(got) = got else {
            score.none += 1;
            score
                .examples
                .push(format!("none {pc:#x} in {:#x}", self.table.start));
            return;
        };
        let right = got.cfa == thread.cfa && got.regs.rip == thread.ret;
        let by = score.by.entry((got.method, got.confidence)).or_default();
        if !right {
            by.1 += 1;
            score.wrong += 1;
            score.examples.push(format!(
                "wrong {pc:#x} in {:#x}: cfa off by {:#x}, {:?} {:?}",
                self.table.start,
                got.cfa.wrapping_sub(thread.cfa) as i64,
                got.method,
                got.confidence
            ));
            return;
        }
        by.0 += 1;
        score.right += 1;
        for index in CALLEE_SAVED {
            match got.regs.gpr[index] {
                None => {
                    score.regs_none += 1;
                    score.examples.push(format!(
                        "lost {} {pc:#x} in {:#x} {:?}",
                        crate::insn::NAMES[index],
                        self.table.start,
                        got.method
                    ));
                }
                Some(v) if v == thread.truth[index] => score.regs_right += 1,
                Some(_) => {
                    score.regs_wrong += 1;
                    score.examples.push(format!(
                        "register {} {pc:#x} in {:#x} {:?}",
                        crate::insn::NAMES[index],
                        self.table.start,
                        got.method
                    ));
                }
            }
        }
    }

    /// A thread that stands at `pc` as the row says.
    fn thread(
        &self,
        pc: u64,
        row: &Row,
        held: &Held,
        run: &mut Run,
    ) -> Option<Thread> {
        let Run { rng, returns, .. } = run;
        let (cfa_reg, cfa_off) = row.cfa?;
        if row.odd || !(cfa_reg == RSP || cfa_reg == RBP) {
            return None;
        }
        let bounds =
            Bounds { start: Some(self.table.start), end: Some(self.table.end) };
        let state = reach(
            &mut Code::new(self.image, returns),
            bounds,
            pc,
            self.innermost,
            Effort::Full,
        )
        .map(|found| found.state);
        let mut untouched = [false; 16];
        for (index, same) in untouched.iter_mut().enumerate() {
            *same = state.as_ref().is_some_and(|s| {
                s.regs[index] == Val::Base(Sym::Init(index as u8), 0)
            });
        }
        let cfa = STACK + STACK_SIZE - 0x400 + 16 * rng.below(8);
        let mut regs = Regs { rip: pc, ..Regs::default() };
        let mut stack = self.stale_stack(rng);
        let mut truth = [0; 16];
        for (value, reg) in truth.iter_mut().zip(&mut regs.gpr) {
            *value = 0x5500_0000_0000 + 8 * rng.below(1 << 30);
            *reg = Some(*value);
        }
        truth[RBP] = cfa + 16 * (2 + rng.below(8));
        regs.gpr[RBP] = Some(truth[RBP]);
        let ret = self.return_address(rng)?;
        let mut put = |addr: u64, word: u64| -> Option<()> {
            let n = usize::try_from(addr.checked_sub(STACK)? / 8).ok()?;
            *stack.get_mut(n)? = word;
            Some(())
        };
        put(cfa - 8, ret)?;
        for index in CALLEE_SAVED {
            let Some(off) = row.saved[index] else { continue };
            put(cfa.checked_add_signed(off)?, truth[index])?;
            // On a path that has not written it yet the register still holds
            // the caller's value; the listing's order does not show that.
            if held.changed[index] && !untouched[index] {
                regs.gpr[index] = Some(0x11_0000 + rng.below(1 << 20));
            }
        }
        // Tables name a save only when the register changes; the word above
        // the stack pointer is there as soon as it was pushed.
        for later in self.table.rows.iter().filter(|r| r.loc > pc) {
            for index in CALLEE_SAVED {
                if let (None, Some(off)) =
                    (row.saved[index], later.saved[index])
                {
                    put(cfa.checked_add_signed(off)?, truth[index])?;
                }
            }
        }
        regs.gpr[cfa_reg] = Some(cfa.checked_add_signed(-cfa_off)?);
        if cfa_reg == RBP {
            // The row does not give rsp: the walk from the entry does, else
            // anything below the frame.
            let known = state.filter(|_| !self.table.is_cold());
            regs.gpr[RSP] = match known.map(|s| s.regs[RSP]) {
                Some(Val::Base(START_SP, off)) => {
                    cfa.checked_add_signed(off - 8)
                }
                _ => cfa.checked_sub(0x200 + 16 * rng.below(64)),
            };
        }
        if !self.innermost {
            for (index, reg) in regs.gpr.iter_mut().enumerate() {
                if index != RSP && !CALLEE_SAVED.contains(&index) {
                    *reg = None;
                }
            }
        }
        let memory = Layered { stack };
        Some(Thread { regs, cfa, ret, truth, memory })
    }

    fn return_address(&self, rng: &mut Rng) -> Option<u64> {
        let direct = self.sites.to.get(&self.table.start);
        let indirect = Some(&self.sites.indirect).filter(|i| !i.is_empty());
        let from = direct.filter(|d| !d.is_empty()).or(indirect)?;
        Some(from[rng.below(from.len() as u64) as usize])
    }

    fn stale_stack(&self, rng: &mut Rng) -> Vec<u64> {
        (0..STACK_SIZE / 8)
            .map(|_| match rng.below(20) {
                0..3 => {
                    let all = &self.sites.all;
                    all[rng.below(all.len() as u64) as usize]
                }
                3..7 => 0,
                7..12 => STACK + 8 * rng.below(STACK_SIZE / 8),
                12..16 => 0x5500_0000_0000 + 8 * rng.below(1 << 30),
                _ => rng.below(1 << 16),
            })
            .collect()
    }
}

struct Both<'a> {
    stack: &'a Layered,
    image: &'a Image,
}

impl Mem for Both<'_> {
    fn read(&self, addr: u64, buf: &mut [u8]) -> bool {
        if !(STACK..STACK + STACK_SIZE).contains(&addr) {
            return self.image.read(addr, buf);
        }
        for (n, byte) in (0u64..).zip(buf) {
            let at = addr - STACK + n;
            let Some(word) = self.stack.stack.get((at / 8) as usize) else {
                return false;
            };
            *byte = word.to_le_bytes()[(at % 8) as usize];
        }
        true
    }
}
