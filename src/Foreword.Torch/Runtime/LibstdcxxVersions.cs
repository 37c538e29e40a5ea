using System.Buffers.Binary;

namespace Foreword.Torch.Runtime;

/// <summary>Makes libLibTorchSharp.so loadable if libstdc++ is older than that of GCC 13: on Debian 12, Ubuntu 22.04 and RHEL 9.</summary>
/// <remarks>
/// TorchSharp 0.107 requires the symbol version GLIBCXX_3.4.32 only because the compiler put a reference to _ZSt21ios_base_library_initv into every
/// object that includes &lt;iostream&gt;. No relocation uses that symbol. The function makes sure that std::cout exists; older libraries do so when
/// they start. From GLIBCXX_3.4.30 the file uses std::condition_variable::wait, which older libraries have as GLIBCXX_3.4.11. The file requires that
/// version too, so the newer requirements are redirected to it. Layout: System V ABI, "Dynamic Section", and the Linux Standard Base, "Symbol
/// Versioning".
/// </remarks>
internal static class LibstdcxxVersions
{
    private const uint LoadSegment = 1, DynamicSegment = 2;
    private const ulong StringTable = 5, VersionNeeds = 0x6ffffffe, VersionNeedCount = 0x6fffffff;

    /// <summary>Redirects requirements of GLIBCXX_3.4.30 to 3.4.32 to GLIBCXX_3.4.11.</summary>
    /// <param name="elf">The bytes of a library's file; they are changed.</param>
    /// <returns>Whether anything changed. A file that is not a complete 64-bit library is not changed.</returns>
    public static bool Lower(Span<byte> elf)
    {
        if (!IsWholeElf64(elf))
            return false;

        Dictionary<string, List<int>> needs = Needs(elf);
        if (!needs.TryGetValue("GLIBCXX_3.4.11", out List<int>? old))
            return false;
        int[] newer = [.. ((string[])["GLIBCXX_3.4.30", "GLIBCXX_3.4.31", "GLIBCXX_3.4.32"]).SelectMany(name => needs.GetValueOrDefault(name, []))];
        foreach (int need in newer)
        {
            elf.Slice(old[0], 4).CopyTo(elf[need..]); // vna_hash
            elf.Slice(old[0] + 8, 4).CopyTo(elf[(need + 8)..]); // vna_name
        }

        return newer.Length > 0;
    }

    /// <summary>Returns whether the file starts as a little-endian 64-bit ELF file and contains its section headers, which are at the end.</summary>
    private static bool IsWholeElf64(ReadOnlySpan<byte> elf) =>
        elf.Length >= 64 && elf.StartsWith("\x7f"u8) && elf[1..].StartsWith("ELF\x2\x1"u8) &&
        U64(elf, 0x28) + (ulong)(U16(elf, 0x3a) * U16(elf, 0x3c)) <= (ulong)elf.Length;

    /// <summary>Returns the offsets of the Vernaux entries of every version that the file needs.</summary>
    private static Dictionary<string, List<int>> Needs(ReadOnlySpan<byte> elf)
    {
        int strings = 0, need = 0, libraries = 0;
        for (int entry = DynamicSection(elf); U64(elf, entry) != 0; entry += 16)
        {
            ulong tag = U64(elf, entry), value = U64(elf, entry + 8);
            if (tag == StringTable) strings = FileOffset(elf, value);
            else if (tag == VersionNeeds) need = FileOffset(elf, value);
            else if (tag == VersionNeedCount) libraries = (int)value;
        }

        Dictionary<string, List<int>> needs = [];
        for (; libraries > 0; libraries--, need += U32(elf, need + 12))
        {
            int version = need + U32(elf, need + 8);
            for (int left = U16(elf, need + 2); left > 0; left--, version += U32(elf, version + 12))
            {
                ReadOnlySpan<byte> name = elf[(strings + U32(elf, version + 8))..];
                string text = System.Text.Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]);
                needs.TryAdd(text, []);
                needs[text].Add(version);
            }
        }

        return needs;
    }

    private static int DynamicSection(ReadOnlySpan<byte> elf)
    {
        foreach (int header in ProgramHeaders(elf))
        {
            if (U32(elf, header) == DynamicSegment)
                return (int)U64(elf, header + 8);
        }

        throw new InvalidDataException("the library has no dynamic section");
    }

    private static int FileOffset(ReadOnlySpan<byte> elf, ulong address)
    {
        foreach (int header in ProgramHeaders(elf))
        {
            ulong start = U64(elf, header + 16), length = U64(elf, header + 32);
            if (U32(elf, header) == LoadSegment && address >= start && address < start + length)
                return (int)(address - start + U64(elf, header + 8));
        }

        throw new InvalidDataException($"address 0x{address:x} lies in no segment of the library");
    }

    private static int[] ProgramHeaders(ReadOnlySpan<byte> elf)
    {
        int start = (int)U64(elf, 0x20), size = U16(elf, 0x36), count = U16(elf, 0x38);
        return [.. Enumerable.Range(0, count).Select(i => start + i * size)];
    }

    private static int U16(ReadOnlySpan<byte> elf, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(elf[offset..]);

    private static int U32(ReadOnlySpan<byte> elf, int offset) => (int)BinaryPrimitives.ReadUInt32LittleEndian(elf[offset..]);

    private static ulong U64(ReadOnlySpan<byte> elf, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(elf[offset..]);
}
