using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Catalog;
using Foreword.Tokenization.Words;

namespace Foreword.Tests.Tokenization;

/// <summary>
/// Tests the fingerprints that shards and checkpoints record. These fingerprints were computed by an earlier version and must not change.
/// </summary>
public sealed class FingerprintTests
{
    private const string Corpus = "The quick brown fox jumps over the lazy dog.\nThe dog sleeps; the fox runs and runs. The lazy dog sleeps.\n";

    [Theory]
    [InlineData("gpt2-vocab", "d064c62bc645af6bc7655ed519edd452df25e6bb3a754bbdeb78ad970bd4d359")]
    [InlineData("gpt1-vocab", "53c7793e4af8745bb11710124f34f1a3528ffec9eb170bf3eb35535da75e21f4")]
    [InlineData("bert-chinese-vocab", "45ea1303224dff19f7d40386b49788fcc656160191dec7c22065dd6e386adfb0")]
    public void PublishedVocabulariesKeepTheirFingerprints(string directory, string fingerprint) =>
        Assert.Equal(fingerprint, TokenizerFiles.Load(Fixtures.Path(directory)).Fingerprint);

    [Theory]
    [InlineData("byte-bpe", "7195952470985586c6fdf325088acdee1fb69261b8ec2081115ca8d259145883")]
    [InlineData("char", "67a6ac6715b74e6c6cb5cd495863f0d65e2ef6217ec77cbfbd8017353a406354")]
    [InlineData("word", "5e7e093b2b27b4dc38813cf3750a3d3714a250b54fdec313b92e7f2825af93da")]
    public void TrainedVocabulariesKeepTheirFingerprints(string kind, string fingerprint)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        Tokenizer tokenizer = kind switch
        {
            "byte-bpe" => new BpeTrainer { VocabSize = 280 }.Train([Corpus], cancellationToken: cancellation),
            "char" => new CharTrainer().Train([Corpus], cancellationToken: cancellation),
            _ => new WordTrainer().Train([Corpus], cancellationToken: cancellation),
        };
        Assert.Equal(fingerprint, tokenizer.Fingerprint);
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        tokenizer.Save(directory.Path);
        Assert.Equal(fingerprint, TokenizerFiles.Load(directory.Path).Fingerprint);
    }
}
