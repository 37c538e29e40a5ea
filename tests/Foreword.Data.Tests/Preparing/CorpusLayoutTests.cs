using Foreword.Chat;
using Foreword.Data.Cleaning;
using Foreword.Data.Preparing;
using Foreword.Data.Reading;
using Foreword.Data.Shards;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.WordPieces;
using Foreword.Weights.Catalog;

namespace Foreword.Data.Tests.Preparing;

/// <summary>Tests the ids of corpora that are not plain text. The expected ids are worked out by hand.</summary>
public sealed class CorpusLayoutTests : IDisposable
{
    /// <summary>Ids: [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, [MASK] 4, 天 5, 地 6, 人 7, a 8.</summary>
    private static readonly Tokenizer Bert = new WordPiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "天", "地", "人", "a"]);

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    private string Out => _directory.File("shards");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void ArticlesHaveGpt2ChinesesTokensAroundThemAndBetweenTheirLines()
    {
        string file = _directory.Write("train.json", """["天地\n人", "a\r\n\n天", "[SEP]\n"]""");
        ShardManifest manifest = Prepare(file, CorpusLayout.Gpt2Chinese);
        Assert.Equal([4, 5, 6, 3, 7, 2, 4, 8, 3, 3, 5, 2], Ids()[..12]);
        Assert.DoesNotContain(3, Ids()[13..^2]); // the text of a special token is not that token
        Assert.Equal([3, 2], Ids()[^2..]);
        Assert.Equal(("gpt2-chinese", null, 2), (manifest.Layout!.Name, manifest.Layout.Template, manifest.Tokenizer.EndOfText));
        Assert.Equal(3, manifest.Splits["train"].Documents);

        // A model of these shards begins with [MASK], goes on after a line break, and ends with [CLS].
        Tokenizer saved = ModelDirectory.LoadTokenizer(Path.Combine(Out, "tokenizer"));
        Assert.Equal((4, 2), (saved.StartOfTextId, saved.EndOfTextId));
        Assert.Equal([2], saved.StopIds);
        Assert.Equal(manifest.Tokenizer.Fingerprint, saved.Fingerprint);
        Assert.Equal(saved.Fingerprint, CorpusPreparer.TokenizerFor(manifest, Bert).Fingerprint);
    }

    [Fact]
    public void ALongArticleInChunksHasTheSameIds()
    {
        string lines = string.Join('\n', Enumerable.Repeat("天地人", 30_000));
        string file = _directory.Write("novel.txt", lines);
        Prepare(file, CorpusLayout.Gpt2Chinese);
        int[] expected = [4, .. Enumerable.Repeat((int[])[5, 6, 7, 3], 30_000).SelectMany(line => line).SkipLast(1), 2];
        Assert.Equal(expected, Ids());
    }

    [Fact]
    public void ArticlesNeedATokenizerWithTheThreeTokens()
    {
        ArgumentException problem = Assert.Throws<ArgumentException>(() => new CorpusPreparer(new ByteTokenizer(), new PreparationOptions { Layout = CorpusLayout.Gpt2Chinese }));
        Assert.Contains("needs a tokenizer with [MASK], [SEP] and [CLS]", problem.Message, StringComparison.Ordinal);
        Assert.Contains("(bytes) has no [MASK]", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DialoguesOfChitchatEndWithTheirLastSeparator()
    {
        string file = _directory.Write("train.txt", "天\n地人\n\n人\n\n\n天\n天\n天\n");
        ShardManifest manifest = Prepare(file, CorpusLayout.Chitchat, ChatTemplate.Chitchat);
        Assert.Equal([2, 5, 3, 6, 7, 3, 2, 7, 3, 2, 5, 3, 5, 3, 5, 3], Ids());
        Assert.Equal(3 * 7, manifest.Splits["train"].TextBytes); // seven characters of three bytes
        Assert.Equal(["[CLS]", "[SEP]"], ShardManifest.Load(Out).Layout!.Template!.Tokens);
    }

    [Fact]
    public void MessagesAddTheTemplatesTokensToTheTokenizer()
    {
        Tokenizer bytes = new BpeTrainer { VocabSize = 257 }.Train(["a"]);
        string file = _directory.Write("train.jsonl", """
            {"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "<|im_end|>"}, {"role": "assistant", "content": "b"}]}
            {"conversations": [{"from": "human", "value": "c"}, {"from": "gpt", "value": ""}, {"from": "gpt", "value": "\ud800"}]}
            """);
        Prepare(file, CorpusLayout.Messages, ChatTemplate.ChatMl, tokenizer: bytes);
        Tokenizer saved = ModelDirectory.LoadTokenizer(Path.Combine(Out, "tokenizer"));
        Assert.Equal(259, saved.VocabSize);
        Assert.Equal(
            "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\n<|im_end|><|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n<|endoftext|>"
            + "<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n\uFFFD<|im_end|>\n<|endoftext|>", saved.Decode(Ids()));
        Assert.Equal(5, Ids().Count(id => id == saved.AddedTokens.Single(token => token.Text == "<|im_end|>").Id)); // the message's own text is not the token
    }

    [Fact]
    public void UnknownTextIsCountedAndSaid()
    {
        string file = _directory.Write("train.txt", "天地x\n");
        CorpusReader reader = CorpusReader.Open([file], CorpusLayout.Text, new DocumentOptions());
        PreparationReport report = new CorpusPreparer(Bert, new PreparationOptions { ValidationShare = 0 }).Prepare(reader.Read(), Out, [file], reader.Files, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(1, report.Manifest.Splits["train"].UnknownTokens);
        Assert.Matches(@"^1 of \d tokens \(\d+\.\d ?%\) are \[UNK\]: the tokenizer does not know this text$", report.UnknownText);
        Assert.Null(new CorpusPreparer(Bert, new PreparationOptions { ValidationShare = 0 }).Prepare(CorpusReader.Open([_directory.Write("known.txt", "天\n")], CorpusLayout.Text, new DocumentOptions()).Read(), _directory.File("known"), ["known"], cancellationToken: TestContext.Current.CancellationToken).UnknownText);
    }

    [Fact]
    public void LongDialoguesLoseTheirOldestMessagesAndAreCounted()
    {
        string dialogues = string.Concat(Enumerable.Range(0, 40).Select(_ => "天\n地\n人\n天\n\n"));
        string file = _directory.Write("train.txt", dialogues + "天天天天天天天天天天天天\n");
        ShardManifest manifest = Prepare(file, CorpusLayout.Chitchat, ChatTemplate.Chitchat, most: 5);
        Assert.Equal((40L, 80L, 1L), (manifest.Layout!.Shortened, manifest.Layout.DroppedMessages, manifest.Layout.Cut));
        Assert.Equal([2, 7, 3, 5, 3], Ids()[..5]);
        Assert.Equal([5, 5, 5, 5, 3], Ids()[^5..]);
        Assert.Equal(40 * 2 * 3 + 4 * 3, manifest.Splits["train"].TextBytes); // of what is left: two characters of 3 bytes each, and four of the last message
    }

    [Fact]
    public void TheCountsSurviveAKill()
    {
        string file = _directory.Write("train.txt", string.Concat(Enumerable.Range(0, 60_000).Select(i => $"{new string('天', 1 + (i % 9))}\n地\n人\n天\n\n")));
        PreparationOptions options = new() { ValidationShare = 0, ShardTokens = 100_000, Layout = CorpusLayout.Chitchat, Template = ChatTemplate.Chitchat, DialogueTokens = 12 };
        using CancellationTokenSource cancel = new();
        int batches = 0;
        Assert.ThrowsAny<OperationCanceledException>(() => Run(() => batches += 1, cancel));
        int before = batches;
        ShardManifest resumed = Run(() => batches++, null);
        ShardManifest whole = new CorpusPreparer(Bert, options).Prepare(CorpusReader.Open([file], options.Layout, options.Reading).Read(), _directory.File("whole"), [file], cancellationToken: TestContext.Current.CancellationToken).Manifest;
        Assert.True(whole.Layout!.Shortened > 0);
        Assert.Equal(whole.Layout.Shortened, resumed.Layout!.Shortened);
        Assert.Equal(whole.Splits["train"].Shards.Select(shard => shard.Sha256), resumed.Splits["train"].Shards.Select(shard => shard.Sha256));
        Assert.True(before > 1 && batches - before > 1);

        ShardManifest Run(Action onBatch, CancellationTokenSource? stop)
        {
            CorpusReader reader = CorpusReader.Open([file], options.Layout, options.Reading);
            Foreword.Progress.SynchronousProgress<PreparationProgress> progress = new(written =>
            {
                onBatch();
                if (written.Tokens > 300_000)
                    stop?.Cancel();
            });
            return new CorpusPreparer(Bert, options).Prepare(reader.Read(), Out, [file], reader.Files, progress, stop?.Token ?? TestContext.Current.CancellationToken).Manifest;
        }
    }

    [Fact]
    public void OneDialogueIsNotDivided()
    {
        string file = _directory.Write("train.txt", string.Concat(Enumerable.Repeat("天\n", 1000)));
        ShardManifest manifest = Prepare(file, CorpusLayout.Chitchat, ChatTemplate.Chitchat, share: 0.1);
        Assert.Equal(("nothing", 1), (manifest.Validation.Divides, manifest.Splits.Count));
    }

    [Theory]
    [InlineData(CorpusLayout.Chitchat, false, null, false, "needs a chat template")]
    [InlineData(CorpusLayout.Text, true, null, false, "has no messages for a chat template")]
    [InlineData(CorpusLayout.Text, false, 10, false, "the largest length of a dialogue is for the layouts chitchat and messages")]
    [InlineData(CorpusLayout.Messages, true, 1, false, "it must be at least 2")]
    [InlineData(CorpusLayout.Messages, true, null, true, "are only for text")]
    public void OptionsThatDoNotFitALayoutAreRefused(CorpusLayout layout, bool hasTemplate, int? most, bool normalizes, string expected)
    {
        PreparationOptions options = new() { Layout = layout, Template = hasTemplate ? ChatTemplate.Plain : null, DialogueTokens = most, Normalization = normalizes ? TextNormalization.Spaces : TextNormalization.None };
        Assert.Contains(expected, Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheLayoutIsPartOfTheRequest()
    {
        PreparationOptions chitchat = new() { Layout = CorpusLayout.Chitchat, Template = ChatTemplate.Chitchat };
        PreparationOptions[] all =
        [
            new(), new() { Layout = CorpusLayout.Gpt2Chinese }, chitchat, chitchat with { DialogueTokens = 10 }, chitchat with { Template = ChatTemplate.Plain },
            chitchat with { Template = ChatTemplate.Chitchat with { Stop = ["x"] } }, chitchat with { Layout = CorpusLayout.Messages },
        ];
        Assert.Equal(all.Length, all.Select(options => PreparationJournal.RequestOf(Bert, options, [], [])).Distinct().Count());
    }

    [Fact]
    public void TextsOfDialoguesTrainATokenizerWithoutTheirForm()
    {
        string file = _directory.Write("train.jsonl", """{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}""");
        Assert.Equal(["a", "b"], CorpusReader.Open([file, file], CorpusLayout.Messages, new DocumentOptions()).ReadTexts());
    }

    private ShardManifest Prepare(string file, CorpusLayout layout, ChatTemplate? template = null, int? most = null, double share = 0, Tokenizer? tokenizer = null)
    {
        PreparationOptions options = new() { ValidationShare = share, Layout = layout, Template = template, DialogueTokens = most };
        CorpusReader reader = CorpusReader.Open([file], layout, options.Reading);
        return new CorpusPreparer(tokenizer ?? Bert, options).Prepare(reader.Read(), Out, [file], reader.Files, cancellationToken: TestContext.Current.CancellationToken).Manifest;
    }

    private int[] Ids()
    {
        using TokenDataset data = TokenDataset.Open(Out, TokenDataset.Train);
        int[] ids = new int[data.Count];
        data.Read(0, ids);
        return ids;
    }
}
