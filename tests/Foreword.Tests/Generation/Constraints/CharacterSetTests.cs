using System.Text;
using Foreword.Generation.Constraints.Grammars;

namespace Foreword.Tests.Generation.Constraints;

public sealed class CharacterSetTests
{
    private static readonly CharacterSet Some = new((0x60, 0x900), (0x10, 0x20), (0xD000, 0xE100), (0xFFF0, 0x20001), (0x21, 0x22));

    [Fact]
    public void RangesThatTouchAreOneAndSurrogatesAreLeftOut() =>
        Assert.Equal([(0x10, 0x22), (0x60, 0x900), (0xD000, 0xD7FF), (0xE000, 0xE100), (0xFFF0, 0x20001)], Some.Ranges);

    [Fact]
    public void OperationsAreThoseOfSets()
    {
        CharacterSet other = new((0x22, 0x70), (0x10000, 0x10FFFF));
        foreach (int character in (int[])[0, 0x10, 0x22, 0x23, 0x60, 0x70, 0x71, 0x900, 0xD7FF, 0xE000, 0xFFF0, 0x10000, 0x20001, 0x20002, 0x10FFFF])
        {
            (bool first, bool second) = (Some.Contains(character), other.Contains(character));
            Assert.Equal(first || second, Some.Union(other).Contains(character));
            Assert.Equal(first && second, Some.Intersect(other).Contains(character));
            Assert.Equal(first && !second, Some.Except(other).Contains(character));
            Assert.Equal(!first, Some.Complement().Contains(character));
        }

        Assert.True(CharacterSet.All.Complement().IsEmpty);
        Assert.False(CharacterSet.All.Contains(0xD800));
    }

    [Fact]
    public void TheBytesOfExactlyTheCharactersMatch()
    {
        (byte Low, byte High)[][] sequences = [.. Utf8Ranges.Of(Some)];
        byte[] bytes = new byte[4];
        for (int value = 0; value <= 0x10FFFF; value += value is > 0x3000 and < 0xC000 or > 0x30000 ? 97 : 1)
        {
            if (!Rune.IsValid(value))
                continue;
            int length = new Rune(value).EncodeToUtf8(bytes);
            int matches = sequences.Count(sequence => sequence.Length == length && sequence.Index().All(range => bytes[range.Index] >= range.Item.Low && bytes[range.Index] <= range.Item.High));
            Assert.Equal(Some.Contains(value) ? 1 : 0, matches);
        }
    }
}
