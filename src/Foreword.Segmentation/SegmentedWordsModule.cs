using Foreword.Tokenization.Catalog;

namespace Foreword.Segmentation;

/// <summary>Adds the tokenizer of segmented words to the kinds that a program reads and trains.</summary>
public static class SegmentedWordsModule
{
    private static readonly Lock Registering = new();
    private static IWordSegmenter[] _segmenters = [];

    /// <summary>
    /// Registers the tokenizer with jieba's dictionary and further segmenters. A program calls this once, before it opens models. Further calls
    /// without segmenters change nothing.
    /// </summary>
    /// <param name="others">Segmenters of the program's own, by whose names tokenizers are read.</param>
    public static void Register(params IReadOnlyList<IWordSegmenter> others)
    {
        ArgumentNullException.ThrowIfNull(others);
        lock (Registering)
        {
            if (_segmenters.Length == 0)
            {
                _segmenters = [new JiebaWords()];
                TokenizerFiles.Register(new TokenizerFormat(SegmentedWords.KindName, [SegmentedWordsFiles.Vocabulary], directory => SegmentedWordsFiles.Read(directory, _segmenters)));
                TrainerCatalog.Register(new SegmentedWordsTrainer());
            }

            _segmenters = [.. _segmenters, .. others];
        }
    }
}
