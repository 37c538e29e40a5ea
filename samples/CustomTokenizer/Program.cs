using CustomTokenizer;
using Foreword;
using Foreword.Tokenization;
using Foreword.Tokenization.Catalog;

TokenizerFiles.Register(new TokenizerFormat(PairTokenizer.KindName, [PairTokenizer.FileName], PairTokenizer.Read));
TrainerCatalog.Register(new PairTrainer());

DirectoryInfo directory = Directory.CreateTempSubdirectory("pairs");
try
{
    TokenizerTrainer trainer = TrainerCatalog.Kinds[PairTokenizer.KindName] with { VocabSize = 260 };
    trainer.Train(["the theme of the thesis"]).Save(directory.FullName);

    Tokenizer tokenizer = Tokenizer.Load(directory.FullName);
    int[] ids = tokenizer.Encode("the theme");
    Console.WriteLine($"{tokenizer.Kind}, {tokenizer.VocabSize} ids");
    Console.WriteLine(string.Join(' ', ids));
    Console.WriteLine(tokenizer.Decode(ids));
}
finally
{
    directory.Delete(recursive: true);
}
