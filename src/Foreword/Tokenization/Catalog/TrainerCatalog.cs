using Foreword.Settings;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Gpt1;
using Foreword.Tokenization.WordPieces;
using Foreword.Tokenization.Words;

namespace Foreword.Tokenization.Catalog;

/// <summary>Lists the kinds of tokenizers that can be trained.</summary>
public static class TrainerCatalog
{
    private static readonly Registry<TokenizerTrainer> Registered = new("tokenizer trainer", trainer => [trainer.Kind],
        [new BpeTrainer(), new Gpt1Trainer(), new CharTrainer(), new WordTrainer(), new WordPieceTrainer()]);

    /// <summary>Gets a trainer of each kind, with its defaults, by <see cref="Tokenizer.Kind"/>.</summary>
    public static IReadOnlyDictionary<string, TokenizerTrainer> Kinds => Registered.All.ToDictionary(trainer => trainer.Kind);

    /// <summary>Adds a kind of the program's own after the others.</summary>
    /// <param name="trainer">A trainer of the kind, with its defaults.</param>
    /// <exception cref="ArgumentException">Another trainer makes the same kind.</exception>
    public static void Register(TokenizerTrainer trainer) => Registered.Add(trainer);
}
