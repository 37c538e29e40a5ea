using Foreword.Cpu.Kernels;
using Foreword.Cpu.Matrices;
using Foreword.Models;

namespace Foreword.Cpu.Tests.Kernels;

public sealed unsafe class ActivationKernelsTests
{
    /// <summary>x, x Φ(x), x sigmoid(x), x sigmoid(1.702 x) by mpmath with 40 digits.</summary>
    [Theory]
    [InlineData(-40f, -1.4623574163660119e-348, -1.6993417021166356e-16, -1.0846551018154304e-28)]
    [InlineData(-13f, -7.9523137194148436e-38, -2.9384215872746468e-5, -3.1970074301062046e-9)]
    [InlineData(-8f, -4.9767684594174273e-15, -0.0026828010437318248, -9.7664288657303782e-6)]
    [InlineData(-5.5f, -1.0444259356238246e-7, -0.0223857574374287, -0.00047303654130853024)]
    [InlineData(-3.25f, -0.0018753313877699929, -0.12131238386842075, -0.012819379521934584)]
    [InlineData(-1.5f, -0.1002108019032871, -0.27363828570953451, -0.10833780155292343)]
    [InlineData(-0.75f, -0.16997051428265115, -0.24061597561845527, -0.16360994246536217)]
    [InlineData(-0.125f, -0.056282721896235888, -0.058598828328280468, -0.055876526621895346)]
    [InlineData(-0.0009765625f, -0.00048790078905392525, -0.00048804283143984624, -0.00048787546167178863)]
    [InlineData(-8.673617379884035e-19f, -4.3368086899420177e-19, -4.3368086899420177e-19, -4.3368086899420177e-19)]
    [InlineData(0f, 0.0, 0.0, 0.0)]
    [InlineData(8.673617379884035e-19f, 4.3368086899420177e-19, 4.3368086899420177e-19, 4.3368086899420177e-19)]
    [InlineData(0.0009765625f, 0.00048866171094607475, 0.00048851966856015376, 0.00048868703832821137)]
    [InlineData(0.3125f, 0.19458428702192409, 0.18046730162056617, 0.19685009989863135)]
    [InlineData(0.75f, 0.58002948571734885, 0.50938402438154473, 0.58639005753463783)]
    [InlineData(1.0f, 0.84134474606854295, 0.73105857863000488, 0.8457957659328213)]
    [InlineData(2.5f, 2.4844758366855597, 2.3103545499468911, 2.4650138349514299)]
    [InlineData(5.25f, 5.2499996007395729, 5.2225943401088184, 5.2493090226731282)]
    [InlineData(9f, 9.0, 8.9988894488161239, 8.9999979968220134)]
    [InlineData(40f, 40.0, 40.0, 40.0)]
    public void EachFunctionIsTheExactOne(float x, double gelu, double silu, double quickGelu)
    {
        Assert.Equal((float)gelu, Of(Activation.Gelu, x)); // computed in float64 and rounded once
        Assert.Equal(MathF.Max(x, 0), Of(Activation.Relu, x));
        Near(silu, Of(Activation.Silu, x), 1);
        Near(quickGelu, Of(Activation.QuickGelu, x), 1.702);

        // float32's argument of the exponential is off by half a unit in its last place, and so is the result, relatively
        void Near(double expected, float actual, double slope) => Assert.InRange(actual - expected, -Error(expected, slope), Error(expected, slope));

        double Error(double expected, double slope) => Math.Abs(expected) * (4e-7 + 1.2e-7 * Math.Abs(slope * x)) + float.Epsilon;
    }

    [Theory]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.Relu)]
    [InlineData(Activation.Silu)]
    [InlineData(Activation.QuickGelu)]
    public void WhatIsNotANumberStaysSo(Activation activation) => Assert.Equal(float.NaN, Of(activation, float.NaN));

    /// <summary>Computes the function of x, half of which is bias, at each place of two vectors.</summary>
    private static float Of(Activation activation, float x)
    {
        const int Count = 32;
        using NativeBuffer<float> y = new(Count), bias = new(Count);
        for (int i = 0; i < Count; i++)
            y.Pointer[i] = bias.Pointer[i] = x / 2;
        ActivationKernels.Run(activation, y.Pointer, bias.Pointer, Count);
        for (int i = 1; i < Count; i++)
            Assert.Equal(y.Pointer[0], y.Pointer[i]);
        return y.Pointer[0];
    }
}
