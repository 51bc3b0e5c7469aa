//! The allocator's setting.

/// glibc reads it when a program starts, and at no other time.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const ARENAS: &str = "MALLOC_ARENA_MAX";

/// Starts this program over with few allocator arenas, where nobody has decided otherwise. glibc gives each thread an arena
/// of its own; what a connection's tasks took from one and gave back to another stays as holes: measured with 2,000 idle
/// connections, some 15 KiB each instead of under 12. Does nothing where there is no glibc.
pub(super) fn few_arenas() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if std::env::var_os(ARENAS).is_none() {
        use std::os::unix::process::CommandExt as _;
        if let Ok(program) = std::env::current_exe() {
            // Comes back only if it failed: then the relay runs with the arenas it has.
            let _ = std::process::Command::new(program)
                .args(std::env::args_os().skip(1))
                .env(ARENAS, "2")
                .exec();
        }
    }
}
