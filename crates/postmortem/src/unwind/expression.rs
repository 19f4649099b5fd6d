//! Evaluates the DWARF expressions of unwind rules.

use super::walk::Registers;
use crate::memory::Memory;
use gimli::{
    EndianSlice, Evaluation, EvaluationResult, Expression, LittleEndian,
    Location, Value,
};

/// Operations one expression may take; glibc's longest takes under ten.
const MAX_OPERATIONS: u32 = 2_000;

/// Returns the address or value an expression computes.
///
/// `initial` is the CFA for register rules (DWARF 5, section 6.4.2.3) and
/// nothing for the CFA's own expression.
pub(super) fn evaluate(
    bytes: &[u8],
    initial: Option<u64>,
    registers: &Registers,
    memory: &Memory,
    bias: u64,
) -> Option<u64> {
    let encoding = gimli::Encoding {
        address_size: 8,
        format: gimli::Format::Dwarf32,
        version: 5,
    };
    let expression = Expression(EndianSlice::new(bytes, LittleEndian));
    let mut run: Evaluation<EndianSlice<'_, LittleEndian>> =
        expression.evaluation(encoding);
    run.set_max_iterations(MAX_OPERATIONS);
    if let Some(value) = initial {
        run.set_initial_value(value);
    }
    let mut state = run.evaluate().ok()?;
    loop {
        state = match state {
            EvaluationResult::Complete => break,
            EvaluationResult::RequiresMemory { address, size, .. } => {
                let mut raw = [0; 8];
                let size = usize::from(size).min(8);
                memory.read(address, &mut raw[..size]).ok()?;
                let value = Value::Generic(u64::from_le_bytes(raw));
                run.resume_with_memory(value).ok()?
            }
            EvaluationResult::RequiresRegister { register, .. } => {
                let value = registers.dwarf(register.0)?;
                run.resume_with_register(Value::Generic(value)).ok()?
            }
            EvaluationResult::RequiresRelocatedAddress(address) => {
                let value = address.wrapping_add(bias);
                run.resume_with_relocated_address(value).ok()?
            }
            _ => return None,
        };
    }
    match run.as_result().first()?.location {
        Location::Address { address } => Some(address),
        Location::Value { value } => value.to_u64(u64::MAX).ok(),
        Location::Register { register } => registers.dwarf(register.0),
        _ => None,
    }
}
