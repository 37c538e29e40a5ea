using System.Text.Json;
using Foreword.Generation.Constraints;
using Foreword.Generation.Constraints.Grammars;
using Foreword.Numerics;
using Foreword.Tokenization;

namespace Foreword.Tests.Generation.Constraints;

public sealed class JsonConstraintTests
{
    private static readonly TextConstraint Any = TextConstraint.JsonObject();

    [Fact]
    public void RandomLogitsWriteJsonObjects()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            (string text, bool ended) = ConstrainedTexts.Write(Any, ConstrainedTexts.Words, seed);
            Assert.True(ended, text);
            using JsonDocument document = JsonDocument.Parse(text);
            Assert.Equal(JsonValueKind.Object, document.RootElement.ValueKind);
        }
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{ }")]
    [InlineData("{\n  \"a\": [1, -2.5, \"x\"],\n  \"b\": {\"c\": null}\n}")]
    [InlineData("{\"a\":[],\"b\":[[],{}],\"c\":true,\"d\":false}")]
    [InlineData("{\"\\u00e9 \\\" \\\\ \\/ \\n\":\"😀 \\uD83D\\uDE00\"}")]
    public void ObjectsAreAccepted(string text)
    {
        Assert.True(Any.Accepts(text));
        JsonDocument.Parse(text).Dispose();
    }

    [Theory]
    [InlineData("[")]
    [InlineData(" {")]
    [InlineData("{  ")]
    [InlineData("{\n\n")]
    [InlineData("{,")]
    [InlineData("{\"a\",")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{\"a\":01")]
    [InlineData("{\"a\":1.}")]
    [InlineData("{\"a\":1e}")]
    [InlineData("{\"a\":+1")]
    [InlineData("{\"a\":[1,]")]
    [InlineData("{\"a\":[1}")]
    [InlineData("{\"a\n")]
    [InlineData("{\"\\x")]
    [InlineData("{\"\\uD83D\"")]
    [InlineData("{\"\\uD83D\\u0041")]
    [InlineData("{\"\\uDE00")]
    [InlineData("{}}")]
    [InlineData("{} ")]
    [InlineData("{\"a\":1234567890123456")]
    public void OtherTextsAreNotEvenBegun(string text) => Assert.False(Any.Begins(text));

    [Fact]
    public void AnOpenObjectCannotEnd()
    {
        Assert.False(ConstrainedTexts.Read(Any, "{\"a\":1")!.CanEnd);
        Assert.True(ConstrainedTexts.Read(Any, "{\"a\":1}")!.IsComplete);
    }

    [Fact]
    public void NestingEndsWhereReadersEndIt()
    {
        List<byte> written = [.. "{\"a\":"u8];
        ConstrainedText text = ConstrainedTexts.Read(Any, "{\"a\":")!;
        while (!text.IsComplete)
        {
            TokenMask allowed = text.Allowed(257);
            byte preferred = "[1]}"u8.ToArray().First(value => allowed.Contains(value)); // opens arrays as long as it may
            text.Append(preferred);
            written.Add(preferred);
            if (preferred == '1')
                written.AddRange(Close(text));
        }

        Assert.Equal(63, written.Count(value => value == '['));
        JsonDocument.Parse(written.ToArray()).Dispose(); // reads at most 64 levels
        Assert.ThrowsAny<JsonException>(() => JsonDocument.Parse($"[{System.Text.Encoding.UTF8.GetString([.. written])}]"));
    }

    private static IEnumerable<byte> Close(ConstrainedText text)
    {
        while (!text.IsComplete)
        {
            byte closing = text.Allowed(257).Contains(']') ? (byte)']' : (byte)'}';
            text.Append(closing);
            yield return closing;
        }
    }

    [Fact]
    public void ThreadsShareAConstraint()
    {
        TextConstraint shared = TextConstraint.JsonObject();
        string[] together = new string[16];
        Parallel.For(0, together.Length, new ParallelOptions { MaxDegreeOfParallelism = 8 }, seed => together[seed] = ConstrainedTexts.Write(shared, ConstrainedTexts.Words, seed).Text);
        for (int seed = 0; seed < together.Length; seed++)
            Assert.Equal(ConstrainedTexts.Write(TextConstraint.JsonObject(), ConstrainedTexts.Words, seed).Text, together[seed]);
    }

    [Fact]
    public void EveryMaskEqualsATrialOfEveryToken()
    {
        FakeTokenizer tokenizer = ConstrainedTexts.Words;
        SplitMix64 random = new(3);
        for (int round = 0; round < 20; round++)
        {
            ConstrainedText text = new(Any, tokenizer, []);
            string written = "";
            for (int step = 0; step < 40 && !text.IsComplete; step++)
            {
                TokenMask mask = text.Allowed(tokenizer.VocabSize);
                List<int> allowed = [];
                for (int id = 0; id < tokenizer.VocabSize; id++)
                {
                    bool expected = id == 256 ? text.CanEnd : Leads(written, id);
                    Assert.True(expected == mask.Contains(id), $"'{written}' and token {id}");
                    if (expected && id is < 128 or > 256) // keeps the text valid UTF-16 for the trial
                        allowed.Add(id);
                }

                int drawn = allowed[(int)(random.NextDouble() * allowed.Count)];
                text.Append(drawn);
                written += System.Text.Encoding.UTF8.GetString(tokenizer.TokenBytes(drawn));
            }
        }

        bool Leads(string written, int id)
        {
            ConstrainedText trial = ConstrainedTexts.Read(Any, written)!;
            foreach (byte value in tokenizer.TokenBytes(id))
            {
                if (trial.IsComplete || !trial.Allowed(257).Contains(value))
                    return false;
                trial.Append(value);
            }

            return true;
        }
    }

    [Theory]
    [InlineData("", "{\"")]
    [InlineData("", "{\"a\\")]
    [InlineData("", "{\"a\":1")]
    [InlineData("""{"type":"string","maxLength":5}""", "\"")]
    [InlineData("""{"type":"string","maxLength":5}""", "\"abcde")]
    [InlineData("""{"type":"string","maxLength":40}""", "\"a")]
    [InlineData("""{"type":"string","pattern":"^[a-z ]{1,9}$"}""", "\"a")]
    [InlineData("""{"type":"string","pattern":"^.{3,20}$"}""", "\"é")]
    public void TheMasksOfGpt2EqualATrialOfEveryToken(string schema, string written)
    {
        TextConstraint constraint = schema.Length == 0 ? Any : TextConstraint.JsonSchema(schema);
        Tokenizer tokenizer = Foreword.Tests.Tokenization.Gpt2.Tokenizer;
        VocabularyConstraint vocabulary = constraint.For(tokenizer);
        VocabularyConstraint.Position position = vocabulary.Begin();
        position = position with { State = After(position, System.Text.Encoding.UTF8.GetBytes(written)) };
        ulong[] mask = vocabulary.Allowed(position);
        int allowed = 0;
        for (int id = 0; id < tokenizer.VocabSize; id++)
        {
            bool expected = id != tokenizer.EndOfTextId && After(position, tokenizer.TokenBytes(id)) != position.Automaton.Dead;
            Assert.True(expected == ((mask[id >> 6] >> id & 1) != 0), $"token {id}: '{tokenizer.TokenText(id)}'");
            allowed += expected ? 1 : 0;
        }

        Assert.InRange(allowed, 1, tokenizer.VocabSize - 1);

        static ItemSet After(VocabularyConstraint.Position position, ReadOnlySpan<byte> bytes)
        {
            ItemSet state = position.State;
            foreach (byte value in bytes)
                state = position.Automaton.Next(state, value);
            return state;
        }
    }

    [Fact]
    public void AVocabularyOfGpt2WritesJson()
    {
        for (int seed = 0; seed < 5; seed++)
        {
            (string text, bool ended) = ConstrainedTexts.Write(Any, Foreword.Tests.Tokenization.Gpt2.Tokenizer, seed);
            Assert.True(ended, text);
            JsonDocument.Parse(text).Dispose();
        }
    }
}
