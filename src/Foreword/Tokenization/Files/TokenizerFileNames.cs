namespace Foreword.Tokenization.Files;

/// <summary>The names of the files that hold a tokenizer.</summary>
internal static class TokenizerFileNames
{
    public const string TokenizerJson = "tokenizer.json";
    public const string TokenizerConfig = "tokenizer_config.json";
    public const string VocabJson = "vocab.json";
    public const string MergesTxt = "merges.txt";
    public const string EncoderJson = "encoder.json";
    public const string VocabBpe = "vocab.bpe";
    public const string VocabTxt = "vocab.txt";
    public const string Gpt1Encoder = "encoder_bpe_40000.json";
    public const string Gpt1Merges = "vocab_40000.bpe";
}
