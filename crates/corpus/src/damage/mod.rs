//! Breaks good files in named ways.
//!
//! [`Damage`] breaks cores, [`ProgramDamage`] the ELF programs that a core
//! names. Each variant is one defect with a name, so that a failing test says
//! which; each changes any good 64-bit little-endian file that has the part
//! it breaks (the native case `segv` has them all). [`mutate`] breaks by a
//! seed, for tests without a defect in mind; [`cut`] and [`flip_bits`] are
//! its simplest forms.
//!
//! Readers must answer with an error that names the place, or with what is
//! left; never with a panic, a hang, or memory beyond their limit.
//!
//! ```
//! use thoth_corpus::damage::{ALL, Damage};
//!
//! let good = thoth_corpus::synth::named("bare").unwrap().core;
//! let bad = Damage::NoteDescHuge.apply(&good);
//! assert_ne!(good, bad);
//! assert!(ALL.len() > 60);
//! ```

mod core_parts;
mod image;
mod memory;
mod mutation;
mod notes;
mod packed;
mod program;

pub use mutation::{cut, flip_bits, mutate};
pub use program::{ALL_PROGRAM, ProgramDamage};

/// Declares an enum of defects with names and what applies them.
macro_rules! defects {
    (
        $(#[$about:meta])* $enum:ident, $all:ident:
        $($(#[$doc:meta])* $variant:ident $name:literal $apply:expr;)*
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $enum {
            $($(#[$doc])* $variant,)*
        }

        /// All of them.
        pub const $all: &[$enum] = &[$($enum::$variant,)*];

        impl $enum {
            /// Returns the defect's name, such as `truncated-note`.
            pub fn name(self) -> &'static str {
                match self {
                    $($enum::$variant => $name,)*
                }
            }

            /// Finds a defect by name.
            pub fn by_name(name: &str) -> Option<$enum> {
                $all.iter().copied().find(|d| d.name() == name)
            }

            /// Returns the broken form of a good file.
            pub fn apply(self, good: &[u8]) -> Vec<u8> {
                let mut image = $crate::damage::image::Image::new(good);
                match self {
                    $($enum::$variant => {
                        let apply: fn(&mut $crate::damage::image::Image) =
                            $apply;
                        apply(&mut image);
                    })*
                }
                image.bytes
            }
        }
    };
}
pub(crate) use defects;

use {core_parts as parts, memory as mem};

defects! {
    /// Names a way to break a core.
    Damage, ALL:

    // how much of it there is
    /// The file has no bytes.
    Empty "empty" |i| i.cut(0);
    /// The file ends in the magic number.
    Magic "magic-only" |i| i.cut(3);
    /// The file is an ELF header and no more.
    Ehdr "ehdr-only" |i| i.cut(64);
    /// The file ends in the program headers.
    CutPhdrs "cut-phdrs" |i| i.cut(64 + 56 + 20);
    /// The file ends in the first note's head.
    CutNoteHead "cut-note-head" parts::cut_note_head;
    /// The file ends in the notes.
    CutNotes "cut-notes" parts::cut_notes;
    /// The file ends where memory begins.
    CutMemory "cut-memory" parts::cut_memory;
    /// The file has half its bytes.
    CutHalf "cut-half" |i| i.cut(i.bytes.len() / 2);
    /// The last byte is lost.
    CutLast "cut-last" |i| i.cut(i.bytes.len().saturating_sub(1));
    /// Another core follows.
    Doubled "doubled" |i| i.bytes.extend_from_within(..);
    /// The file has the right length, and zeroes from the middle on.
    ZeroTail "zero-tail" parts::zero_tail;

    // the ELF header
    /// EI_CLASS says 32-bit.
    ClassWrong "class-wrong" |i| i.put8(4, 1);
    /// EI_CLASS is no class.
    ClassUnknown "class-unknown" |i| i.put8(4, 9);
    /// EI_DATA says big-endian.
    EndianWrong "endian-wrong" |i| i.put8(5, 2);
    /// e_type says executable.
    TypeExec "type-exec" |i| i.put16(16, 2);
    /// e_machine is no machine.
    MachineUnknown "machine-unknown" |i| i.put16(18, 0xfefe);
    /// e_machine is aarch64, the notes are not.
    MachineOther "machine-other" |i| i.put16(18, 183);
    /// e_phentsize is 0.
    PhentsizeZero "phentsize-zero" |i| i.put16(54, 0);
    /// e_phentsize is not the size of a program header.
    PhentsizeOdd "phentsize-odd" |i| i.put16(54, 57);
    /// e_phnum is 0.
    PhnumZero "phnum-zero" |i| i.put16(56, 0);
    /// e_phnum counts headers that do not fit into the file.
    PhnumOverflow "phnum-overflow" |i| i.put16(56, 0xfffe);
    /// e_phnum is PN_XNUM, and there is no section header.
    XnumNoSection "xnum-no-section" parts::xnum_no_section;
    /// The section header that holds the count says 4 billion.
    XnumLies "xnum-lies" parts::xnum_lies;
    /// The section header that holds the count is past the end.
    XnumPastEnd "xnum-past-end" parts::xnum_past_end;
    /// e_phoff is past the end.
    PhoffPastEnd "phoff-past-end" |i| i.put64(32, i.len() + 4096);
    /// e_phoff plus the headers' size wraps around.
    PhoffWraps "phoff-wraps" |i| i.put64(32, u64::MAX - 63);

    // program headers
    /// No header is a PT_NOTE.
    NoNotes "no-notes" |i| parts::on_note(i, |i, at| i.put32(at, 0));
    /// The PT_NOTE is past the end.
    NotesPastEnd "notes-past-end"
        |i| parts::on_note(i, |i, at| i.put64(at + 8, i.len() + 1));
    /// The PT_NOTE's size is absurd.
    NotesHuge "notes-huge"
        |i| parts::on_note(i, |i, at| i.put64(at + 32, u64::MAX / 2));
    /// The PT_NOTE's end wraps around.
    NotesWrap "notes-wrap"
        |i| parts::on_note(i, |i, at| i.put64(at + 32, u64::MAX - 15));
    /// The PT_NOTE is empty.
    NotesEmpty "notes-empty"
        |i| parts::on_note(i, |i, at| i.put64(at + 32, 0));
    /// The PT_NOTE begins two bytes late.
    NotesShifted "notes-shifted" |i| {
        parts::on_note(i, |i, at| i.put64(at + 8, i.u64(at + 8) + 2))
    };
    /// Every header is a PT_NOTE of the same bytes.
    NotesMany "notes-many" parts::notes_many;
    /// A PT_LOAD lies past the end of the file.
    LoadPastEnd "load-past-end" |i| {
        parts::on_loads(i, |i, at| i.put64(at + 8, i.len() + 0x10000))
    };
    /// A PT_LOAD's offset plus size wraps around.
    LoadOffsetWraps "load-offset-wraps" |i| {
        parts::on_loads(i, |i, at| i.put64(at + 8, u64::MAX - 0xfff))
    };
    /// A PT_LOAD's size in the file is absurd.
    LoadHuge "load-huge" |i| {
        parts::on_loads(i, |i, at| i.put64(at + 32, u64::MAX / 2))
    };
    /// A PT_LOAD has more bytes in the file than in memory.
    LoadMemszSmall "load-memsz-small" |i| {
        parts::on_loads(i, |i, at| i.put64(at + 40, 16))
    };
    /// A PT_LOAD's address range wraps around.
    LoadAddressWraps "load-address-wraps" |i| {
        parts::on_loads(i, |i, at| i.put64(at + 16, u64::MAX - 0xfff))
    };
    /// All PT_LOADs are at address 0.
    LoadAtZero "load-at-zero" |i| {
        parts::on_loads(i, |i, at| i.put64(at + 16, 0))
    };
    /// Each second PT_LOAD begins in the middle of the one before.
    OverlappingLoad "overlapping-load" parts::overlapping;
    /// One PT_LOAD covers the whole address space.
    LoadAll "load-all" parts::load_all;
    /// The PT_LOADs are in falling address order.
    LoadsUnsorted "loads-unsorted" parts::unsorted;
    /// The PT_LOADs are absent: nothing of them is in the file.
    LoadsAbsent "loads-absent" |i| {
        parts::on_loads(i, |i, at| i.put64(at + 32, 0))
    };
    /// All PT_LOADs share the first one's bytes.
    LoadsAliased "loads-aliased" parts::aliased;

    // notes
    /// The last note's bytes end before it does.
    TruncatedNote "truncated-note" notes::truncated;
    /// A note's name is 4 GiB long.
    NoteNameHuge "note-name-huge" |i| notes::head(i, 0, u32::MAX);
    /// A note's bytes are 4 GiB long.
    NoteDescHuge "note-desc-huge" |i| notes::head(i, 4, u32::MAX);
    /// Both lengths wrap around when they are rounded up.
    NoteSizesWrap "note-sizes-wrap" notes::sizes_wrap;
    /// All notes are zeroes.
    NotesZero "notes-zero" notes::zeroes;
    /// All notes are of unknown type.
    NotesUnknown "notes-unknown" |i| notes::each(i, |n| n.kind ^= 0x4000);
    /// All notes are of an unknown owner, whose name is not text.
    NotesForeign "notes-foreign"
        |i| notes::each(i, |n| n.owner = vec![0xff, 0x1b, b'[', 0]);
    /// The notes are in the opposite order.
    NotesReversed "notes-reversed" |i| i.renote(|n| n.reverse());
    /// Each note is there ten thousand times.
    NotesRepeated "notes-repeated" notes::repeated;
    /// There is no NT_PRSTATUS.
    PrstatusMissing "prstatus-missing" |i| notes::drop(i, notes::PRSTATUS);
    /// NT_PRSTATUS ends before the registers.
    PrstatusShort "prstatus-short"
        |i| notes::resize(i, notes::PRSTATUS, 100);
    /// NT_PRSTATUS ends in the registers.
    PrstatusCut "prstatus-cut" |i| notes::resize(i, notes::PRSTATUS, 200);
    /// NT_PRSTATUS is longer than any known.
    PrstatusLong "prstatus-long" |i| notes::resize(i, notes::PRSTATUS, 5000);
    /// NT_PRSTATUS is there three times with one thread id.
    PrstatusTwice "prstatus-twice" notes::prstatus_twice;
    /// The thread ids are negative.
    TidNegative "tid-negative"
        |i| notes::patch(i, notes::PRSTATUS, 32, &[0xff; 4]);
    /// NT_PRPSINFO ends before the name.
    PsinfoShort "psinfo-short" |i| notes::resize(i, notes::PRPSINFO, 20);
    /// The name and arguments of NT_PRPSINFO are control bytes without end.
    PsinfoControls "psinfo-controls"
        |i| notes::patch(i, notes::PRPSINFO, 40, &[0x1b; 96]);
    /// NT_PRPSINFO is missing.
    PsinfoMissing "psinfo-missing" |i| notes::drop(i, notes::PRPSINFO);
    /// NT_SIGINFO has four bytes.
    SiginfoShort "siginfo-short" |i| notes::resize(i, notes::SIGINFO, 4);
    /// NT_SIGINFO names no signal.
    SiginfoWild "siginfo-wild"
        |i| notes::patch(i, notes::SIGINFO, 0, &[0x7f; 16]);
    /// NT_SIGINFO is missing.
    SiginfoMissing "siginfo-missing" |i| notes::drop(i, notes::SIGINFO);
    /// NT_AUXV has no end.
    AuxvNoEnd "auxv-no-end" notes::auxv_no_end;
    /// NT_AUXV ends in the middle of an entry.
    AuxvOdd "auxv-odd" |i| notes::resize(i, notes::AUXV, 71);
    /// NT_AUXV is missing.
    AuxvMissing "auxv-missing" |i| notes::drop(i, notes::AUXV);
    /// NT_AUXV has a hundred thousand entries.
    AuxvLong "auxv-long" notes::auxv_long;
    /// AT_PHDR is not mapped.
    AuxvPhdrWild "auxv-phdr-wild" |i| notes::auxv(i, 3, 0xdead_beef_0000);
    /// AT_PHDR is the last address.
    AuxvPhdrLast "auxv-phdr-last" |i| notes::auxv(i, 3, u64::MAX);
    /// AT_PHNUM is absurd.
    AuxvPhnumHuge "auxv-phnum-huge" |i| notes::auxv(i, 5, u64::MAX);
    /// AT_EXECFN is not mapped.
    AuxvExecfnWild "auxv-execfn-wild" |i| notes::auxv(i, 31, 1);
    /// AT_SYSINFO_EHDR is in the stack.
    AuxvVdsoWild "auxv-vdso-wild" notes::auxv_vdso_wild;
    /// NT_FILE counts more files than numbers exist for.
    FileCountHuge "file-count-huge"
        |i| notes::patch(i, notes::FILE, 0, &[0xff; 8]);
    /// NT_FILE's count times 24 wraps around.
    FileCountWraps "file-count-wraps" notes::file_count_wraps;
    /// NT_FILE counts a thousand files more than it has.
    FileCountLies "file-count-lies"
        |i| notes::patch(i, notes::FILE, 0, &[0xe8, 0x03]);
    /// NT_FILE counts one file less than it has.
    FileCountLess "file-count-less" notes::file_count_less;
    /// NT_FILE's page size is 0.
    FilePageZero "file-page-zero"
        |i| notes::patch(i, notes::FILE, 8, &[0; 8]);
    /// NT_FILE's page size makes every offset wrap around.
    FilePageHuge "file-page-huge"
        |i| notes::patch(i, notes::FILE, 8, &[0xff; 8]);
    /// NT_FILE's first range is everything, from the last page of its file.
    FileOffsetLast "file-offset-last" |i| notes::patch(i, notes::FILE, 16, &[
        0, 0, 0, 0, 0, 0, 0, 0,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 0,
    ]);
    /// NT_FILE's ranges end before they start.
    FileInverted "file-inverted" notes::file_inverted;
    /// NT_FILE's paths have no end.
    FileNamesUnended "file-names-unended" notes::file_names_unended;
    /// NT_FILE's paths are control bytes.
    FileNamesControls "file-names-controls" notes::file_names_controls;
    /// NT_FILE's paths leave the root: `../../../etc/passwd`.
    FileNamesClimb "file-names-climb" notes::file_names_climb;
    /// NT_FILE is missing.
    FileMissing "file-missing" |i| notes::drop(i, notes::FILE);

    // registers and memory
    /// All registers are text.
    RegistersWild "registers-wild"
        |i| notes::patch(i, notes::PRSTATUS, 112, &[0x41; 216]);
    /// All registers are 0.
    RegistersZero "registers-zero"
        |i| notes::patch(i, notes::PRSTATUS, 112, &[0; 216]);
    /// The stack pointer is the last word of the address space.
    StackPointerLast "sp-last" |i| notes::register(i, 19, u64::MAX - 7);
    /// The stack pointer is odd.
    StackPointerOdd "sp-odd" |i| {
        notes::patch(i, notes::PRSTATUS, 112 + 19 * 8, &[0x0f])
    };
    /// The stack pointer is in the first page of the program.
    StackPointerWild "sp-wild" mem::sp_wild;
    /// The saved frame pointer points to itself, and the pc nowhere.
    FramePointerLoop "frame-pointer-loop" mem::frame_pointer_loop;
    /// The stack holds one return address over and over.
    StackRepeats "stack-repeats" mem::stack_repeats;
    /// The stack is zeroes.
    StackZero "stack-zero" mem::stack_zero;
    /// The link map's last entry points to its first.
    LinkMapCycle "link-map-cycle" mem::link_map_cycle;
    /// The link map's first entry points to itself.
    LinkMapSelf "link-map-self" mem::link_map_self;
    /// The link map leads to an address that is not mapped.
    LinkMapWild "link-map-wild" mem::link_map_wild;
    /// The names of the link map are not mapped.
    LinkMapNames "link-map-names" mem::link_map_names;
    /// The load addresses of the link map are wrong.
    LinkMapBias "link-map-bias" mem::link_map_bias;
    /// The dynamic section of the program has no end.
    DynamicNoEnd "dynamic-no-end" mem::dynamic_no_end;
    /// The mapped images have 65535 program headers.
    ImagePhnum "image-phnum" mem::image_phnum;
    /// The mapped images' program headers are past all memory.
    ImagePhoff "image-phoff" mem::image_phoff;
    /// The mapped images' notes have absurd lengths.
    ImageNotes "image-notes" mem::image_notes;
    /// The mapped images' build ids are others.
    BuildIdsOther "build-ids-other" mem::build_ids_other;
    /// The vDSO image is random bytes.
    VdsoNoise "vdso-noise" mem::vdso_noise;

    // bits
    /// One bit in a thousand bytes is wrong.
    FlipsFew "flips-few" |i| i.bytes = flip_bits(1, &i.bytes, 1000);
    /// One bit in ten bytes is wrong.
    FlipsMany "flips-many" |i| i.bytes = flip_bits(2, &i.bytes, 10);
    /// A hundred bits of the headers and notes are wrong.
    FlipsHead "flips-head" parts::flips_head;

    // compressed
    /// gzip of the core, cut in the middle.
    GzCut "gz-cut" |i| packed::cut(i, packed::Kind::Gz);
    /// zstd of the core, cut in the middle.
    ZstCut "zst-cut" |i| packed::cut(i, packed::Kind::Zst);
    /// lz4 of the core, cut in the middle.
    Lz4Cut "lz4-cut" |i| packed::cut(i, packed::Kind::Lz4);
    /// xz of the core, cut in the middle.
    XzCut "xz-cut" |i| packed::cut(i, packed::Kind::Xz);
    /// gzip of the core, with wrong bits.
    GzFlips "gz-flips" |i| packed::flips(i, packed::Kind::Gz);
    /// zstd of the core, with wrong bits.
    ZstFlips "zst-flips" |i| packed::flips(i, packed::Kind::Zst);
    /// lz4 of the core, with wrong bits.
    Lz4Flips "lz4-flips" |i| packed::flips(i, packed::Kind::Lz4);
    /// xz of the core, with wrong bits.
    XzFlips "xz-flips" |i| packed::flips(i, packed::Kind::Xz);
    /// The magic number of gzip and no more.
    GzMagic "gz-magic" |i| packed::head(i, packed::Kind::Gz);
    /// The magic number of zstd and no more.
    ZstMagic "zst-magic" |i| packed::head(i, packed::Kind::Zst);
    /// The magic number of lz4 and no more.
    Lz4Magic "lz4-magic" |i| packed::head(i, packed::Kind::Lz4);
    /// The magic number of xz and no more.
    XzMagic "xz-magic" |i| packed::head(i, packed::Kind::Xz);
    /// A complete gzip stream, then noise.
    GzTrailing "gz-trailing" |i| packed::trailing(i, packed::Kind::Gz);
    /// gzip within gzip.
    GzNested "gz-nested" packed::nested;
    /// gzip of no bytes.
    GzEmpty "gz-empty" |i| packed::empty(i, packed::Kind::Gz);
    /// gzip of the core's head and gigabytes of zeroes.
    GzBomb "gz-bomb" |i| packed::bomb(i, packed::Kind::Gz);
    /// zstd of the core's head and gigabytes of zeroes.
    ZstBomb "zst-bomb" |i| packed::bomb(i, packed::Kind::Zst);
    /// lz4 of the core's head and gigabytes of zeroes.
    Lz4Bomb "lz4-bomb" |i| packed::bomb(i, packed::Kind::Lz4);
    /// xz of the core's head and gigabytes of zeroes.
    XzBomb "xz-bomb" |i| packed::bomb(i, packed::Kind::Xz);
    /// gzip of noise: no core at all, and of a gigabyte.
    GzNoise "gz-noise" |i| packed::noise(i, packed::Kind::Gz);
}

impl Damage {
    /// Whether the broken form unpacks to gigabytes.
    pub fn is_bomb(self) -> bool {
        use Damage::{GzBomb, Lz4Bomb, XzBomb, ZstBomb};
        matches!(self, GzBomb | ZstBomb | Lz4Bomb | XzBomb)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native;
    use std::collections::HashSet;

    #[test]
    fn every_defect_changes_a_good_core_and_has_its_own_name() {
        let report = native::build(&native::out_dir(), &["segv"]);
        let case = report.find("segv").expect("it was made");
        let good = std::fs::read(&case.core).expect("its core");
        let mut names = HashSet::new();
        let mut forms = HashSet::new();
        for damage in ALL {
            let bad = damage.apply(&good);
            assert_ne!(bad, good, "{} does nothing", damage.name());
            assert!(names.insert(damage.name()), "{}", damage.name());
            let form = blake3::hash(&bad);
            assert!(forms.insert(form), "{} is another's", damage.name());
            assert_eq!(Damage::by_name(damage.name()), Some(*damage));
            assert_eq!(damage.apply(&good), bad, "{}", damage.name());
        }
    }

    #[test]
    fn no_defect_fails_on_files_without_its_part() {
        let bare = crate::synth::named("bare").expect("its name").core;
        for good in [&b""[..], b"\x7fELF", &bare, &[0xff; 5000]] {
            for damage in ALL.iter().filter(|d| !d.is_bomb()) {
                damage.apply(good);
            }
            for damage in ALL_PROGRAM {
                damage.apply(good);
            }
        }
    }
}
