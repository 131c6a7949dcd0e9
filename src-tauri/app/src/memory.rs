//! Memory given back to the system while nobody needs the app: what the allocator holds in reserve, and program text.
//!
//! Once its page sleeps, most of what the app occupies is code that ran once: of WebKit, and of the software renderer (LLVM),
//! which GTK loads only to ask for it. The system may drop such pages itself when memory gets short, and reads them
//! from their files again when they are run. Here it is told that they can go now.

use std::ffi::{c_int, c_void};
use std::ops::Range;
use std::ptr::{null_mut, with_exposed_provenance_mut};

use libc::{Elf64_Phdr, PF_W, PT_DYNAMIC, PT_LOAD, dl_phdr_info, size_t};

/// Tags of the dynamic section that say that read-only parts were written to (the ELF specification, "Dynamic Section").
const DT_NULL: u64 = 0;
const DT_TEXTREL: u64 = 22;
const DT_FLAGS: u64 = 30;
const DF_TEXTREL: u64 = 4;

/// Gives back what can be had again. What is needed after that is read as it is used, so this is for an app that waits.
pub fn give_back() {
    // SAFETY: takes no pointers and is safe to call from any thread. The callback fits the signature, takes no argument and
    // does not unwind; what it does is sound while the loader holds its lock (see there).
    unsafe {
        libc::malloc_trim(0);
        libc::dl_iterate_phdr(Some(drop_text), null_mut());
    }
}

/// For each program and library that is loaded. The loader holds its lock meanwhile: none can be unloaded, so that nothing
/// else can come to lie where its text was.
unsafe extern "C" fn drop_text(
    object: *mut dl_phdr_info,
    _size: size_t,
    _argument: *mut c_void,
) -> c_int {
    // SAFETY: the loader passes a valid object, whose program headers are mapped as long as it is loaded.
    let (base, headers) = unsafe {
        let object = &*object;
        if object.dlpi_phdr.is_null() {
            return 0;
        }
        let headers = std::slice::from_raw_parts(object.dlpi_phdr, object.dlpi_phnum.into());
        (object.dlpi_addr, headers)
    };
    // SAFETY: the object is loaded at `base`, and stays so meanwhile.
    let relocated = |header| unsafe { has_text_relocations(base, header) };
    let mut dynamic = headers.iter().filter(|header| header.p_type == PT_DYNAMIC);
    if dynamic.any(relocated) {
        return 0;
    }
    let page = page_size();
    for pages in headers
        .iter()
        .filter_map(|header| whole_pages(base, header, page))
    {
        // SAFETY: these pages belong to the object alone, were mapped from its file, and have never been writable, so the
        // next access to any of them reads the same bytes from that file again. A failure changes nothing.
        unsafe {
            libc::madvise(
                with_exposed_provenance_mut(pages.start),
                pages.len(),
                libc::MADV_DONTNEED,
            );
        }
    }
    0
}

/// The pages of a part that is loaded and never written to. A last one that is not filled is left out: it might be shared
/// with the part behind it.
fn whole_pages(base: u64, header: &Elf64_Phdr, page: usize) -> Option<Range<usize>> {
    if header.p_type != PT_LOAD || header.p_flags & PF_W != 0 {
        return None;
    }
    let start = usize::try_from(base.checked_add(header.p_vaddr)?).ok()?;
    let end = start.checked_add(usize::try_from(header.p_filesz).ok()?)?;
    let pages = start.next_multiple_of(page)..end / page * page;
    (!pages.is_empty()).then_some(pages)
}

/// The loader wrote addresses into parts that are read-only since. No compiler for 64 bits does that unless it is made to.
///
/// # Safety
/// `header` is the `PT_DYNAMIC` of an object that is loaded at `base`.
unsafe fn has_text_relocations(base: u64, header: &Elf64_Phdr) -> bool {
    let Ok(address) = usize::try_from(base.wrapping_add(header.p_vaddr)) else {
        return true;
    };
    let entries = usize::try_from(header.p_memsz).unwrap_or_default() / size_of::<[u64; 2]>();
    let first = with_exposed_provenance_mut::<[u64; 2]>(address);
    (0..entries)
        // SAFETY: the dynamic section is mapped, aligned, and has this many pairs of tag and value.
        .map(|entry| unsafe { first.add(entry).read() })
        .take_while(|[tag, _]| *tag != DT_NULL)
        .any(|[tag, value]| tag == DT_TEXTREL || (tag == DT_FLAGS && value & DF_TEXTREL != 0))
}

fn page_size() -> usize {
    // SAFETY: takes no pointers.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(4096)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 0x1000;

    fn part(flags: u32, vaddr: u64, size: u64) -> Elf64_Phdr {
        Elf64_Phdr {
            p_type: PT_LOAD,
            p_flags: flags,
            p_offset: 0,
            p_vaddr: vaddr,
            p_paddr: vaddr,
            p_filesz: size,
            p_memsz: size,
            p_align: 0x1000,
        }
    }

    #[test]
    fn only_whole_pages_that_nobody_writes_to_are_dropped() {
        let read_and_run = libc::PF_R | libc::PF_X;
        let pages = |part: &Elf64_Phdr| whole_pages(0x10_0000, part, PAGE);
        assert_eq!(
            pages(&part(read_and_run, 0x2000, 0x3800)),
            Some(0x10_2000..0x10_5000)
        );
        assert_eq!(
            pages(&part(libc::PF_R, 0x2800, 0x2800)),
            Some(0x10_3000..0x10_5000)
        );
        assert_eq!(pages(&part(libc::PF_R | PF_W, 0x2000, 0x3800)), None);
        assert_eq!(pages(&part(read_and_run, 0x2100, 0xe00)), None);
    }

    #[test]
    fn everything_goes_on_after_memory_was_given_back() {
        // Something of the heap, of a constant, and of code in several libraries.
        let tell = || {
            format!(
                "{:?} {}",
                std::time::Duration::from_millis(1500),
                0.25_f64.exp()
            )
        };
        let before = tell();
        give_back();
        assert_eq!(tell(), before);
        give_back();
        assert!(std::thread::spawn(tell).join().unwrap().starts_with("1.5s"));
    }
}
