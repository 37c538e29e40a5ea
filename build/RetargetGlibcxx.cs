using System;
using System.IO;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Copies an ELF library and points its needs of GLIBCXX_3.4.30 .. 3.4.32 at GLIBCXX_3.4.11 in the copy.
/// Compiled by MSBuild when it runs; see LibTorchSharp.targets for why.
/// Layout: System V ABI, "Dynamic Section", and the Linux Standard Base, "Symbol Versioning".
/// </summary>
public sealed class RetargetGlibcxx : Task
{
    private const int LoadSegment = 1, DynamicSegment = 2;
    private const long StringTable = 5, VersionNeeds = 0x6ffffffe, VersionNeedCount = 0x6fffffff;

    private byte[] elf;

    [Required]
    public string Source { get; set; }

    [Required]
    public string Destination { get; set; }

    public override bool Execute()
    {
        elf = File.ReadAllBytes(Source);
        bool isElf64LittleEndian = elf.Length >= 64 && BitConverter.ToUInt32(elf, 0) == 0x464C457F && elf[4] == 2 && elf[5] == 1;
        if (!isElf64LittleEndian)
        {
            Log.LogError("{0} is not a 64-bit little-endian ELF file.", Source);
            return false;
        }

        int strings = 0, needs = 0, count = 0;
        foreach (int header in ProgramHeaders())
        {
            if (BitConverter.ToUInt32(elf, header) != DynamicSegment)
                continue;
            for (int entry = (int)BitConverter.ToUInt64(elf, header + 8); BitConverter.ToInt64(elf, entry) != 0; entry += 16)
            {
                long tag = BitConverter.ToInt64(elf, entry);
                ulong value = BitConverter.ToUInt64(elf, entry + 8);
                if (tag == StringTable) strings = FileOffset(value);
                else if (tag == VersionNeeds) needs = FileOffset(value);
                else if (tag == VersionNeedCount) count = (int)value;
            }
        }

        int old = -1;
        VisitVersions(needs, count, strings, (name, at) => { if (name == "GLIBCXX_3.4.11") old = at; });
        if (old >= 0)
        {
            VisitVersions(needs, count, strings, (name, at) =>
            {
                if (name != "GLIBCXX_3.4.30" && name != "GLIBCXX_3.4.31" && name != "GLIBCXX_3.4.32")
                    return;
                Array.Copy(elf, old, elf, at, 4); // vna_hash
                Array.Copy(elf, old + 8, elf, at + 8, 4); // vna_name
                Log.LogMessage(MessageImportance.Low, "{0} now asks for GLIBCXX_3.4.11 instead of {1}", Destination, name);
            });
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Destination));
        string temporary = Destination + "." + Guid.NewGuid().ToString("N");
        File.WriteAllBytes(temporary, elf);
        File.Delete(Destination); // never write through a link
        File.Move(temporary, Destination);
        return true;
    }

    private System.Collections.Generic.IEnumerable<int> ProgramHeaders()
    {
        int start = (int)BitConverter.ToInt64(elf, 0x20), size = BitConverter.ToUInt16(elf, 0x36), count = BitConverter.ToUInt16(elf, 0x38);
        for (int i = 0; i < count; i++)
            yield return start + i * size;
    }

    private int FileOffset(ulong address)
    {
        foreach (int header in ProgramHeaders())
        {
            ulong start = BitConverter.ToUInt64(elf, header + 16), length = BitConverter.ToUInt64(elf, header + 32);
            if (BitConverter.ToUInt32(elf, header) == LoadSegment && address >= start && address < start + length)
                return (int)(address - start + BitConverter.ToUInt64(elf, header + 8));
        }

        throw new InvalidDataException(Source + ": address 0x" + address.ToString("x") + " lies in no segment");
    }

    /// <summary>Calls <paramref name="visit"/> with the name and file offset of every Vernaux entry.</summary>
    private void VisitVersions(int needs, int count, int strings, Action<string, int> visit)
    {
        for (int library = 0, need = needs; library < count; library++, need += (int)BitConverter.ToUInt32(elf, need + 12))
        {
            int version = need + (int)BitConverter.ToUInt32(elf, need + 8);
            for (int left = BitConverter.ToUInt16(elf, need + 2); left > 0; left--, version += (int)BitConverter.ToUInt32(elf, version + 12))
            {
                int start = strings + (int)BitConverter.ToUInt32(elf, version + 8), end = start;
                while (elf[end] != 0)
                    end++;
                visit(Encoding.ASCII.GetString(elf, start, end - start), version);
            }
        }
    }
}
